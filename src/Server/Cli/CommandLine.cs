using System.CommandLine;
using System.CommandLine.Help;
using Actors443.Configuration.Reading;
using Actors443.Server.Cli.Doctor;

namespace Actors443.Server.Cli;

/// <summary>The commands, and how a command line finds its command.</summary>
internal sealed class CommandLine
{
    private const string RunName = "run";

    private readonly RootCommand _root;
    private readonly CommandEnvironment _environment;

    public CommandLine(CommandEnvironment environment)
    {
        _environment = environment;
        _root = new RootCommand("A connection server for port 443 in which every TLS connection is owned by an actor.") { HelpName = "actors443" };
        var notes = new Dictionary<Command, string> { [_root] = RootNotes };
        foreach ((Command command, string examples) in (ReadOnlySpan<(Command, string)>)
        [
            RunCommand.Create(RunName, environment),
            CheckCommand.Create(environment),
            PlanCommand.Create(environment),
            ApplyCommand.Create(environment),
            CertsCommand.Create(environment),
            TrustCommand.Create(environment),
            ConnsCommand.Create(environment),
            WhyCommand.Create(environment),
            DashboardCommand.Create(environment),
            ClusterCommand.Create(environment),
            RevokeCommand.Create(environment),
            TunnelCommand.Create(environment),
            LoadCommand.Create(environment),
            UpgradeCommand.Create(environment),
            DoctorCommand.Create(environment),
            VersionCommand.Create(environment),
        ])
        {
            _root.Add(command);
            notes.Add(command, examples);
        }

        // "actors443 version" says it; the option says the number alone, as scripts expect.
        HelpOption help = _root.Options.OfType<HelpOption>().Single();
        help.Action = new CommandHelp(new HelpAction(), notes);
        help.Description = "Show this help.";
        VersionOption version = _root.Options.OfType<VersionOption>().Single();
        version.Action = new VersionNumber();
        version.Description = "Show the version number.";
    }

    private static string RootNotes => """
        Without a command the server runs: 'actors443' is 'actors443 run'.

        Examples:
          actors443                                     serve the built-in page on https://localhost (or :8443)
          actors443 run site.conf                       serve what site.conf says
          actors443 check site.conf                     say what is wrong with it, without serving
          actors443 plan site.conf                      say what it would do to the connections there are
          actors443 apply site.conf                     do it, without touching any other connection
          actors443 doctor site.conf                    say what on this machine is in its way
          actors443 conns --sort requests               who is connected
          actors443 why 203.0.113.9                     why a client's connections ended
          actors443 dashboard                           all of it in a browser
          actors443 load https://localhost:8443/        how much it bears

        Exit codes: 0 done, 1 failed, 2 bad usage or configuration.
        """;

    /// <summary>Carries the command line out and answers the exit code.</summary>
    public async Task<int> InvokeAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken = default)
    {
        if (RefuseUnknownCommand(arguments) is { } problem)
        {
            _environment.Console.WriteError(problem);
            return ExitCode.BadUsage;
        }

        // An argument that begins with @ is a file name like any other.
        ParseResult result = _root.Parse(WithDefaultCommand(arguments), new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Errors.Count > 0 && result.Action is not CommandHelp)
        {
            _environment.Console.WriteError("actors443: " + UsageError.Describe(result));
            return PlanCommand.Is(result.CommandResult.Command) ? ExitCode.Failed : ExitCode.BadUsage;
        }

        var invocation = new InvocationConfiguration
        {
            Output = _environment.Console.Output,
            Error = _environment.Console.Error,
            EnableDefaultExceptionHandler = false,
            // The signals that end the server are ours: it drains for as long as the settings say.
            ProcessTerminationTimeout = null,
        };
        return await result.InvokeAsync(invocation, cancellationToken);
    }

    /// <summary>Puts <c>run</c> before whatever is no command and no option of the root.</summary>
    private IReadOnlyList<string> WithDefaultCommand(IReadOnlyList<string> arguments)
    {
        if (arguments is [{ } first, ..] && (IsCommand(first) || first.StartsWith('[') || _root.Options.Any(option => option.Name == first || option.Aliases.Contains(first))))
            return arguments;
        return [RunName, .. arguments];
    }

    /// <summary>A first word that is neither a command nor a file is a slip, which "no such file" would not help with.</summary>
    private string? RefuseUnknownCommand(IReadOnlyList<string> arguments)
    {
        if (arguments is not [{ Length: > 0 } first, ..] || first[0] is '-' or '[' || IsCommand(first) || File.Exists(first) || first.Any(c => c is '/' or '\\' or '.'))
            return null;
        string? meant = KeySuggestion.Nearest(first, _root.Subcommands.Select(command => command.Name));
        string suggestion = meant is null ? "" : $"; did you mean '{meant}'?";
        return $"actors443: '{first}' is neither a command nor a file{suggestion} ({UsageError.Hint(_root)})";
    }

    private bool IsCommand(string word) => _root.Subcommands.Any(command => command.Name == word);
}
