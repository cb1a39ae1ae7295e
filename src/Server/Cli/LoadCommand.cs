using System.CommandLine;
using System.Net;
using System.Text;
using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Server.Admin;
using Actors443.Server.Admin.Access;
using Actors443.Server.Load;
using Actors443.Server.Load.Cluster;
using Actors443.Server.Load.Output;
using Actors443.Server.Load.Output.Html;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Server;
using Actors443.Server.Load.Settings;
using LoadSettings = Actors443.Server.Load.Settings.LoadSettings;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 load</c>: very many clients, each an actor, against one target.</summary>
internal sealed class LoadCommand
{
    private static readonly IPEndPoint DefaultListen = new(IPAddress.Loopback, 4430);

    private readonly CommandEnvironment _environment;
    private readonly LoadOptions _options = new();
    private readonly Option<string?> _admin = LoadOptions.Text("--server-admin", "ADDRESS", "Admin address of an actors443 under load, such as 127.0.0.1:9443: its memory and CPU are reported.");
    private readonly Option<string?> _token = LoadOptions.Text("--server-token", "FILE", "Its admin token's file; the default state directory's if not given.");
    private readonly Option<int> _nodes = new("--nodes") { Description = "Load nodes that share the run, this one included; it waits for the others.", HelpName = "NUMBER", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> _listen = LoadOptions.Text("--listen", "ADDRESS:PORT", "Where other load nodes reach this one (127.0.0.1:4430). Whoever reaches it can run loads from here: use a network of your own.");
    private readonly Option<string?> _join = LoadOptions.Text("--join", "ADDRESS:PORT", "Be a load node of the run that was started there; nothing else need be said here.");
    private readonly Option<string?> _json = LoadOptions.Text("--json", "FILE", "Write the report as JSON; - is standard output.");
    private readonly Option<string?> _html = LoadOptions.Text("--html", "FILE", "Write the report as one self-contained page.");
    private readonly Option<string?> _compare = LoadOptions.Text("--compare", "OLD.json", "Print ratios to an earlier report.");
    private readonly Option<string[]> _failIf = LoadOptions.Many("--fail-if", "CONDITION", "Exit with 1 if it holds: 'p99>50ms', 'errors of browse>0'; may be given again.");

    private LoadCommand(CommandEnvironment environment) => _environment = environment;

    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var load = new LoadCommand(environment);
        var command = new Command("load", "Load a server with very many clients, each an actor, and report what it was like.");
        load._options.AddTo(command);
        foreach (Option option in (Option[])[load._admin, load._token, load._nodes, load._listen, load._join, load._json, load._html, load._compare, load._failIf])
            command.Add(option);
        command.SetAction(load.RunAsync);
        return (command, """
            Without a mode: 10 clients, each asking again as soon as it is answered. Modes can be combined, and each
            takes the keys that a scenario file has for it (docs/load.md); start and duration are keys of all.

            Examples:
              actors443 load https://localhost:8443/
              actors443 load https://localhost:8443/ -c 64 -p h2 -m 32 -d 30s --html report.html
              actors443 load https://localhost:8443/ -c 200 -r 5000/s --fail-if 'p99>50ms' --fail-if 'errors>0'
              actors443 load https://localhost:8443/ --hold sessions=10000,ramp=20s --handshakes rate=200/s,resumed=80% --server-pid 4711
              actors443 load --scenario evening.conf --json today.json --compare yesterday.json
              actors443 load --scenario evening.conf --nodes 3 --listen 10.0.0.1:4430
              actors443 load --join 10.0.0.1:4430          on each of the two other machines

            Ctrl+C ends the run and reports what there is. Exit codes: 0 done, 1 failed or a --fail-if holds, 2 bad usage.
            """);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        CommandConsole console = _environment.Console;
        if (!TryReadAddress(arguments, _join, out IPEndPoint? coordinator) || !TryReadAddress(arguments, _listen, out IPEndPoint? listen))
            return ExitCode.BadUsage;
        if (coordinator is not null)
            return await JoinAsync(coordinator, listen, _options.OwnsTarget(arguments), cancellationToken);
        if (!TryReadConditions(arguments, out List<FailCondition> conditions))
            return ExitCode.BadUsage;
        IReadOnlyList<HoconText> texts = _options.ToTexts(arguments);
        LoadedScenario loaded = LoadSettingsLoader.Load(texts);
        foreach (SettingsProblem problem in loaded.Problems)
            console.WriteError(problem.ToString());
        if (loaded.Settings is not { } settings)
            return ExitCode.BadUsage;
        try
        {
            // What will be needed at the end is looked at before the run, not after it.
            LoadReport? before = arguments.GetValue(_compare) is { } old ? LoadReport.Read(old) : null;
            using AdminClient? admin = CreateAdminClient(arguments);
            IServerProbe? probe = settings.ServerProcess is { } process ? new ProcessProbe(process) : admin is null ? null : new AdminProbe(admin, arguments.GetValue(_admin)!);
            if (probe is not null && await probe.AskAsync(cancellationToken) is null)
                throw new LoadException($"There is no {probe.Name}; give the id of a process of this machine.");
            using StopSignals signals = StopSignals.Listen(cancellationToken);
            int nodes = arguments.GetValue(_nodes);
            ILoadRun run = nodes > 1 ? new ClusterLoadRun(listen ?? DefaultListen, nodes, [.. texts.Select(Content)], console.Output.WriteLine) : _environment.CreateLoadRun();
            LoadReport report = await LoadAsync(run, settings, Describe(texts), probe, signals.Token);
            return Finish(arguments, report, before, conditions);
        }
        catch (Exception cause) when (cause is LoadException or AdminException)
        {
            console.WriteError("actors443: " + cause.Message);
            return cause is LoadException { IsBadUsage: true } ? ExitCode.BadUsage : ExitCode.Failed;
        }
    }

    private async Task<LoadReport> LoadAsync(ILoadRun run, LoadSettings settings, string scenario, IServerProbe? probe, CancellationToken stop)
    {
        CommandConsole console = _environment.Console;
        TimeSpan length = settings.Groups.Max(group => group.Duration is { } duration ? group.Start + duration : settings.Duration);
        foreach (LoadGroup group in settings.Groups)
            console.Output.WriteLine($"{group.Name}: {LoadText.Describe(group)}");
        console.Output.WriteLine($"against {settings.Target} for {HumanText.Duration(length)}{(settings.WarmUp > TimeSpan.Zero ? $" after {HumanText.Duration(settings.WarmUp)} of warm-up" : "")}");
        var session = new LoadSession(run, settings, scenario, probe);
        var progress = new LoadProgress(console, [.. settings.Groups.Select(group => group.Name)], length);
        LoadReport? report = null;
        await progress.ShowAsync(async () => report = await session.RunAsync(progress, stop));
        return report!;
    }

    private async Task<int> JoinAsync(IPEndPoint coordinator, IPEndPoint? listen, bool ownTarget, CancellationToken cancellationToken)
    {
        using StopSignals signals = StopSignals.Listen(cancellationToken);
        try
        {
            await LoadNode.RunAsync(coordinator, listen, ownTarget, _environment.Console.Output.WriteLine, signals.Token);
            return ExitCode.Done;
        }
        catch (LoadException cause)
        {
            _environment.Console.WriteError("actors443: " + cause.Message);
            return ExitCode.Failed;
        }
    }

    private int Finish(ParseResult arguments, LoadReport report, LoadReport? before, List<FailCondition> conditions)
    {
        CommandConsole console = _environment.Console;
        if (report.Groups.All(group => group.Series.Count == 0))
        {
            console.Output.WriteLine("Nothing was counted.");
            return ExitCode.Failed;
        }

        LoadSummary.Write(console, report);
        if (before is not null)
            LoadSummary.WriteComparison(console, LoadComparison.Compare(before, report), arguments.GetValue(_compare)!);
        WriteFile(arguments.GetValue(_json), writer => writer.WriteLine(report.ToJson()));
        WriteFile(arguments.GetValue(_html), writer => HtmlReport.Write(writer, report.ToJson()));
        string[] held = [.. conditions.SelectMany(condition => condition.Check(report))];
        foreach (string condition in held)
            console.WriteError("actors443: failed: " + condition);
        return held.Length > 0 ? ExitCode.Failed : ExitCode.Done;
    }

    private void WriteFile(string? path, Action<TextWriter> write)
    {
        if (path is null)
            return;
        if (path == "-")
        {
            write(_environment.Console.Output);
            return;
        }

        try
        {
            using var writer = new StreamWriter(path, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            write(writer);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new LoadException($"{path} cannot be written: {cause.Message}", cause);
        }

        _environment.Console.Output.WriteLine($"Written: {path}");
    }

    private bool TryReadConditions(ParseResult arguments, out List<FailCondition> conditions)
    {
        conditions = [];
        foreach (string text in arguments.GetValue(_failIf) ?? [])
        {
            if (FailCondition.Parse(text, out string problem) is { } condition)
            {
                conditions.Add(condition);
                continue;
            }

            _environment.Console.WriteError($"actors443: --fail-if '{text}': {problem}");
            return false;
        }

        return true;
    }

    private bool TryReadAddress(ParseResult arguments, Option<string?> option, out IPEndPoint? address)
    {
        address = null;
        if (arguments.GetValue(option) is not { } text || IPEndPoint.TryParse(text, out address) && (address.Port != 0 || option == _listen))
            return true;
        _environment.Console.WriteError($"actors443: {option.Name} {text} is no address and port; write such as 10.0.0.1:4430");
        return false;
    }

    private AdminClient? CreateAdminClient(ParseResult arguments)
    {
        if (arguments.GetValue(_admin) is not { } text)
            return null;
        if (!IPEndPoint.TryParse(text, out IPEndPoint? address) || address.Port == 0)
            throw new LoadException($"--server-admin {text} is no address and port; write such as 127.0.0.1:9443") { IsBadUsage = true };
        return AdminClient.At(address, arguments.GetValue(_token) ?? AdminToken.PathFor(_environment.LoadSettings([], []).Settings!));
    }

    private static string Describe(IReadOnlyList<HoconText> texts) => string.Join('\n', texts.Select(text => Content(text).TrimEnd()));

    // It was read before, as a scenario.
    private static string Content(HoconText text) => text.Text ?? File.ReadAllText(text.Name);
}
