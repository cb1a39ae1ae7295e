using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text;
using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Server.Admin;
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
    private const string MainGroup = "load.groups.steady";

    private static readonly IPEndPoint DefaultListen = new(IPAddress.Loopback, 4430);

    private readonly CommandEnvironment _environment;
    private readonly Argument<string?> _target = new("URL") { Description = "What to load: an https address. Its path is what is asked for.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _scenario = Text("--scenario", "FILE", "Groups of clients in HOCON; options are added to it and win.");
    private readonly List<(Option<string?> Option, string Key)> _plain = [];
    private readonly List<(Option<string[]> Option, string Mode)> _modes = [];
    private readonly Option<string[]> _headers = Many("--header", "'Name: value'", "A header of every request; may be given again.");
    private readonly Option<string?> _data = Text("--data", "TEXT", "Body of every request (POST unless --method says otherwise); @FILE takes it from a file.");
    private readonly Option<bool> _ownTarget = new("--i-own-this-target") { Description = "Allows abuse against a target that is not on loopback. Only against what is yours." };
    private readonly Option<bool> _verify = new("--verify") { Description = "Verify the server's certificate and name." };
    private readonly Option<string?> _admin = Text("--server-admin", "ADDRESS", "Admin address of an actors443 under load, such as 127.0.0.1:9443: its memory and CPU are reported.");
    private readonly Option<string?> _token = Text("--server-token", "FILE", "Its admin token's file; the default state directory's if not given.");
    private readonly Option<int> _nodes = new("--nodes") { Description = "Load nodes that share the run, this one included; it waits for the others.", HelpName = "NUMBER", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> _listen = Text("--listen", "ADDRESS:PORT", "Where other load nodes reach this one (127.0.0.1:4430). Whoever reaches it can run loads from here: use a network of your own.");
    private readonly Option<string?> _join = Text("--join", "ADDRESS:PORT", "Be a load node of the run that was started there; nothing else need be said here.");
    private readonly Option<string?> _json = Text("--json", "FILE", "Write the report as JSON; - is standard output.");
    private readonly Option<string?> _html = Text("--html", "FILE", "Write the report as one self-contained page.");
    private readonly Option<string?> _compare = Text("--compare", "OLD.json", "Print ratios to an earlier report.");
    private readonly Option<string[]> _failIf = Many("--fail-if", "CONDITION", "Exit with 1 if it holds: 'p99>50ms', 'errors of browse>0'; may be given again.");

    private LoadCommand(CommandEnvironment environment)
    {
        _environment = environment;
        Plain("--clients", "-c", "NUMBER", "Clients (10).", MainGroup + ".clients");
        Plain("--protocol", "-p", "h1|h2|h3", "What they speak (h1).", MainGroup + ".protocol");
        Plain("--streams", "-m", "NUMBER", "h2, h3: requests in flight on each connection (1).", MainGroup + ".streams");
        Plain("--rate", "-r", "NUMBER/s", "Requests a second over all clients, due whether or not earlier ones are answered. Without: each asks again once it is answered.", MainGroup + ".rate");
        Plain("--method", null, "METHOD", "Of the requests (GET).", MainGroup + ".method");
        Plain("--duration", "-d", "TIME", "How long (10s).", "load.duration");
        Plain("--warm-up", null, "TIME", "Driven before anything is counted (0s).", "load.warm-up");
        Plain("--loops", null, "NUMBER", "Threads that drive clients (1; more where one is not enough).", "load.loops");
        Plain("--source-addresses", null, "NUMBER", "Addresses of 127.0.0.0/8 to connect from (as many as are needed).", "load.source-addresses");
        Plain("--connect-timeout", null, "TIME", "For a connection with its handshake (10s).", "load.connect-timeout");
        Plain("--request-timeout", null, "TIME", "For an answer (30s).", "load.request-timeout");
        Plain("--tls", null, "1.2|1.3", "This version only.", "load.tls.version");
        Plain("--sni", null, "NAME", "Server name sent and verified (the target's host).", "load.tls.server-name");
        Plain("--ca-file", null, "FILE", "Verify, and trust these CAs (PEM).", "load.tls.ca-file");
        Plain("--cert", null, "FILE", "Client certificate with chain (PEM).", "load.tls.certificate");
        Plain("--key", null, "FILE", "Its key (PEM).", "load.tls.key");
        Plain("--server-pid", null, "PID", "Process of the server on this machine: its memory and CPU are reported.", "load.server-pid");
        foreach ((string mode, string description) in Modes)
            _modes.Add((Many("--" + mode, "key=value,…", description), mode));
        _headers.Aliases.Add("-H");
    }

    private static (string Mode, string Description)[] Modes =>
    [
        ("steady", "Requests again and again: clients, protocol, streams, rate, paths, ramp."),
        ("handshakes", "Connections that are made, used once and closed: clients, rate, resumed=50%, request=off, version, certificate-kind."),
        ("hold", "Idle sessions: sessions, ramp, heartbeat, protocol."),
        ("storm", "Sessions that are all dropped and all come back: sessions, ramp, calm, storms, reset, resume."),
        ("websocket", "WebSockets: clients, push, rate, size, paths, ramp."),
        ("doh", "DNS over HTTPS: clients, rate, streams, get, path, file=queries.txt."),
        ("tunnel", "Bytes through CONNECT: clients, to=host:port, authorization, size."),
        ("abuse", "What no well-behaved client does: kind=slowloris|slow-body|slow-read|silent|half-handshake|rapid-reset|header-bomb|garbage, clients, rate."),
    ];

    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var load = new LoadCommand(environment);
        var command = new Command("load", "Load a server with very many clients, each an actor, and report what it was like.") { load._target, load._scenario };
        foreach ((Option<string?> option, _) in load._plain)
            command.Add(option);
        foreach (Option option in (Option[])[load._headers, load._data, load._verify, load._ownTarget, .. load._modes.Select(mode => mode.Option), load._admin, load._token, load._nodes, load._listen, load._join, load._json, load._html, load._compare, load._failIf])
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
            return await JoinAsync(coordinator, listen, arguments.GetValue(_ownTarget), cancellationToken);
        if (!TryReadConditions(arguments, out List<FailCondition> conditions))
            return ExitCode.BadUsage;
        IReadOnlyList<HoconText> texts = ToTexts(arguments);
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

    /// <summary>Options as the settings they are, so that one reader reads and refuses them all.</summary>
    private List<HoconText> ToTexts(ParseResult arguments)
    {
        var texts = new List<HoconText>();
        if (arguments.GetValue(_scenario) is { } scenario)
            texts.Add(new HoconText(scenario));
        void Add(string option, string hocon) => texts.Add(new HoconText(option, hocon, HasLines: false));
        if (arguments.GetValue(_target) is { } target)
            Add("URL", $"load.target = {Quote(target)}");
        bool steady = false;
        foreach ((Option<string?> option, string key) in _plain)
        {
            if (arguments.GetValue(option) is not { } value)
                continue;
            Add(option.Name, $"{key} = {Quote(value)}");
            steady |= key.StartsWith(MainGroup, StringComparison.Ordinal);
        }

        if (arguments.GetValue(_verify))
            Add("--verify", "load.tls.verify = on");
        if (arguments.GetValue(_ownTarget))
            Add("--i-own-this-target", "load.own-target = on");
        foreach (string header in arguments.GetValue(_headers) ?? [])
        {
            string[] parts = header.Split(':', 2);
            Add("--header", $"{MainGroup}.headers.{Quote(parts[0].Trim())} = {Quote(parts.Length > 1 ? parts[1].Trim() : "")}");
            steady = true;
        }

        if (arguments.GetValue(_data) is { } data)
        {
            Add("--data", data.StartsWith('@') ? $"{MainGroup}.body-file = {Quote(data[1..])}" : $"{MainGroup}.body = {Quote(data)}");
            if (!_plain.Any(plain => plain.Option.Name == "--method" && arguments.GetValue(plain.Option) is not null))
                Add("--data", $"{MainGroup}.method = POST");
            steady = true;
        }

        if (steady)
            Add("steady", $"{MainGroup}.mode = steady");
        foreach ((Option<string[]> option, string mode) in _modes)
        {
            string[] groups = arguments.GetValue(option) ?? [];
            for (int index = 0; index < groups.Length; index++)
                Add(option.Name, ToGroup(mode, GroupName(mode, index, steady), groups[index]));
        }

        return texts;
    }

    private static string GroupName(string mode, int index, bool steady)
    {
        int number = index + (mode == "steady" && steady ? 2 : 1);
        return number == 1 ? mode : mode + "-" + number.ToString(CultureInfo.InvariantCulture);
    }

    private static string ToGroup(string mode, string name, string keys)
    {
        var text = new StringBuilder($"load.groups.{name} {{ mode = {mode}");
        foreach (string pair in keys.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = pair.Split('=', 2);
            text.Append(CultureInfo.InvariantCulture, $", {Quote(parts[0].Trim())} = {Quote(parts.Length > 1 ? parts[1].Trim() : "on")}");
        }

        return text.Append(" }").ToString();
    }

    private static string Describe(IReadOnlyList<HoconText> texts) => string.Join('\n', texts.Select(text => Content(text).TrimEnd()));

    // It was read before, as a scenario.
    private static string Content(HoconText text) => text.Text ?? File.ReadAllText(text.Name);

    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    private static Option<string?> Text(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    private static Option<string[]> Many(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    private void Plain(string name, string? alias, string value, string description, string key)
    {
        Option<string?> option = Text(name, value, description);
        if (alias is not null)
            option.Aliases.Add(alias);
        _plain.Add((option, key));
    }
}
