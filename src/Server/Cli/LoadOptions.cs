using System.CommandLine;
using System.Globalization;
using System.Text;
using Actors443.Configuration.Hocon;

namespace Actors443.Server.Cli;

/// <summary>The options of <c>load</c> that say what is to be done: each is a setting of the scenario, read and refused by the same reader.</summary>
internal sealed class LoadOptions
{
    private const string MainGroup = "load.groups.steady";

    private readonly Argument<string?> _target = new("URL") { Description = "What to load: an https address. Its path is what is asked for.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _scenario = Text("--scenario", "FILE", "Groups of clients in HOCON; options are added to it and win.");
    private readonly List<(Option<string?> Option, string Key)> _plain = [];
    private readonly List<(Option<string[]> Option, string Mode)> _modes = [];
    private readonly Option<string[]> _headers = Many("--header", "'Name: value'", "A header of every request; may be given again.");
    private readonly Option<string?> _data = Text("--data", "TEXT", "Body of every request (POST unless --method says otherwise); @FILE takes it from a file.");
    private readonly Option<bool> _ownTarget = new("--i-own-this-target") { Description = "Allows abuse against a target that is not on loopback. Only against what is yours." };
    private readonly Option<bool> _verify = new("--verify") { Description = "Verify the server's certificate and name." };

    public LoadOptions()
    {
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

    public void AddTo(Command command)
    {
        command.Add(_target);
        command.Add(_scenario);
        foreach ((Option<string?> option, _) in _plain)
            command.Add(option);
        foreach (Option option in (Option[])[_headers, _data, _verify, _ownTarget, .. _modes.Select(mode => mode.Option)])
            command.Add(option);
    }

    /// <summary>The user of this machine allows abuse beyond loopback.</summary>
    public bool OwnsTarget(ParseResult arguments) => arguments.GetValue(_ownTarget);

    /// <summary>Options as the settings they are, so that one reader reads and refuses them all.</summary>
    public IReadOnlyList<HoconText> ToTexts(ParseResult arguments)
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

    private static string Quote(string text) => "\"" + text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal) + "\"";

    internal static Option<string?> Text(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    internal static Option<string[]> Many(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    private void Plain(string name, string? alias, string value, string description, string key)
    {
        Option<string?> option = Text(name, value, description);
        if (alias is not null)
            option.Aliases.Add(alias);
        _plain.Add((option, key));
    }
}
