using System.CommandLine;
using Actors443.Server.Admin;
using Actors443.Server.Applying;
using Actors443.Server.Configuration;

namespace Actors443.Server.Cli;

/// <summary><c>[FILE…] [--set key=value]… [--server FILE]</c>: a configuration for the running server.</summary>
internal sealed class CandidateSource
{
    // A hundred thousand certificates take minutes to be read.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly SettingsSource _source = new();

    private readonly Option<string[]> _server = new("--server")
    {
        Description = "A configuration file that the running server is found by, if FILE has another admin section or state directory; may be given again.",
        HelpName = "FILE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public void AddTo(Command command)
    {
        _source.AddTo(command);
        command.Add(_server);
    }

    /// <summary>The full names of the files.</summary>
    public IReadOnlyList<string> Files(ParseResult arguments) => [.. _source.Files(arguments).Select(Path.GetFullPath)];

    /// <summary>Asks the running server about the configuration. Answers what the question does, or the exit code for what went wrong, which is written then.</summary>
    /// <param name="arguments">Of the command.</param>
    /// <param name="environment">Of the command.</param>
    /// <param name="refused">The exit code for a bad configuration.</param>
    /// <param name="ask">The question.</param>
    public async Task<int> AskAsync(ParseResult arguments, CommandEnvironment environment, int refused, Func<AdminClient, ConfigurationCandidate, Task<int>> ask)
    {
        if (_source.Load(arguments, environment) is not { } wanted)
            return refused;
        ServerSettings? running = arguments.GetValue(_server) is { Length: > 0 } files ? SettingsSource.LoadAndReport(files, [], environment).Settings : wanted;
        if (running is null)
            return refused;
        try
        {
            using AdminClient client = AdminClient.For(running);
            client.Patience = Patience;
            return await ask(client, new ConfigurationCandidate
            {
                Files = [.. Files(arguments).Select(file => new CandidateFile(file, File.ReadAllText(file)))],
                Overrides = _source.Overrides(arguments),
            });
        }
        catch (RefusedConfigurationException cause)
        {
            foreach (string problem in cause.Problems)
                environment.Console.WriteError(problem);
            environment.Console.WriteError("actors443: " + cause.Message);
            return refused;
        }
        catch (Exception cause) when (cause is AdminException or IOException or UnauthorizedAccessException)
        {
            environment.Console.WriteError("actors443: " + cause.Message);
            return ExitCode.Failed;
        }
    }
}
