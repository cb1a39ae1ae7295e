using System.Text;
using Actors443.Configuration.Reading;
using Actors443.Server.Load.Protocols;

namespace Actors443.Server.Load.Settings;

/// <summary>Reads one group by its mode.</summary>
internal static class LoadGroupReading
{
    private const int MostClients = 1_000_000;
    private const int MostStreams = 10_000;
    private const int MostBytes = 64 << 20;

    private static readonly (string Name, LoadMode Choice)[] Modes =
    [
        ("steady", LoadMode.Steady), ("handshakes", LoadMode.Handshakes), ("hold", LoadMode.Hold), ("storm", LoadMode.Storm), ("websocket", LoadMode.WebSocket),
        ("doh", LoadMode.Doh), ("tunnel", LoadMode.Tunnel), ("abuse", LoadMode.Abuse),
    ];

    private static readonly (string Name, LoadProtocol Choice)[] Protocols = [("h1", LoadProtocol.Http1), ("h2", LoadProtocol.Http2), ("h3", LoadProtocol.Http3)];
    private static readonly (string Name, LoadProtocol Choice)[] ProtocolAliases = [("http/1.1", LoadProtocol.Http1), ("http/2", LoadProtocol.Http2), ("http/3", LoadProtocol.Http3)];

    private enum LoadMode
    {
        Steady,
        Handshakes,
        Hold,
        Storm,
        WebSocket,
        Doh,
        Tunnel,
        Abuse,
    }

    /// <summary>The names of all modes.</summary>
    public static IEnumerable<string> ModeNames => Modes.Select(mode => mode.Name);

    public static LoadGroup? Read(string name, SettingsReader section)
    {
        if (section.Value("mode") is not { } value)
        {
            section.Problems.Add(section.Path + ".mode", $"is missing; write one of {string.Join(", ", ModeNames)}");
            // Which keys it may have, nobody can say.
            _ = section.Entries().Count();
            return null;
        }

        LoadMode? mode = value.Choice(Modes);
        if (mode is null)
            _ = section.Entries().Count();
        LoadGroup? group = mode switch
        {
            LoadMode.Steady => ReadSteady(name, section),
            LoadMode.Handshakes => ReadHandshakes(name, section),
            LoadMode.Hold => ReadHold(name, section),
            LoadMode.Storm => ReadStorm(name, section),
            LoadMode.WebSocket => ReadWebSocket(name, section),
            LoadMode.Doh => ReadDoh(name, section),
            LoadMode.Tunnel => ReadTunnel(name, section),
            LoadMode.Abuse => ReadAbuse(name, section),
            _ => null,
        };
        TimeSpan start = section.Duration("start", TimeSpan.Zero, TimeSpan.Zero);
        TimeSpan? duration = section.Value("duration") is null ? null : section.Duration("duration", TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        return group is null ? null : group with { Start = start, Duration = duration };
    }

    private static SteadyGroup ReadSteady(string name, SettingsReader section) => new()
    {
        Name = name,
        Clients = ReadClients(section, 10),
        Rate = LoadSettingsLoader.ReadRate(section),
        Protocol = ReadProtocol(section, Protocols),
        Streams = section.Integer("streams", 1, 1, MostStreams),
        Ramp = section.Duration("ramp", TimeSpan.Zero, TimeSpan.Zero),
        Request = ReadRequest(section),
    };

    private static HandshakesGroup ReadHandshakes(string name, SettingsReader section) => new()
    {
        Name = name,
        Clients = ReadClients(section, 10),
        Rate = LoadSettingsLoader.ReadRate(section),
        Resumed = section.Fraction("resumed", 0),
        WithRequest = section.Flag("request", true),
        Version = LoadSettingsLoader.ReadVersion(section, "version"),
        CertificateKind = section.Value("certificate-kind")?.Choice<CertificateKind>(),
        Request = ReadRequest(section),
    };

    private static HoldGroup ReadHold(string name, SettingsReader section) => new()
    {
        Name = name,
        Sessions = section.Integer("sessions", 1_000, 1, MostClients),
        Ramp = section.Duration("ramp", TimeSpan.FromSeconds(5), TimeSpan.Zero),
        Heartbeat = section.DurationOrOff("heartbeat", TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(100)),
        Protocol = ReadProtocol(section, Protocols[..2]),
        Request = ReadRequest(section),
    };

    private static StormGroup ReadStorm(string name, SettingsReader section) => new()
    {
        Name = name,
        Sessions = section.Integer("sessions", 1_000, 1, MostClients),
        Ramp = section.Duration("ramp", TimeSpan.FromSeconds(5), TimeSpan.Zero),
        Calm = section.Duration("calm", TimeSpan.FromSeconds(5), TimeSpan.Zero),
        Storms = section.Integer("storms", 1, 1, 10_000),
        Reset = section.Flag("reset", false),
        Resume = section.Flag("resume", true),
    };

    private static WebSocketGroup ReadWebSocket(string name, SettingsReader section) => new()
    {
        Name = name,
        Clients = ReadClients(section, 10),
        Push = section.Flag("push", false),
        Rate = LoadSettingsLoader.ReadRate(section),
        Size = (int)section.Size("size", 64, 0, MostBytes),
        Ramp = section.Duration("ramp", TimeSpan.Zero, TimeSpan.Zero),
        Request = ReadRequest(section),
    };

    private static DohGroup? ReadDoh(string name, SettingsReader section)
    {
        IReadOnlyList<string> queries = ReadQueries(section);
        var group = new DohGroup
        {
            Name = name,
            Clients = ReadClients(section, 10),
            Rate = LoadSettingsLoader.ReadRate(section),
            Streams = section.Integer("streams", 1, 1, MostStreams),
            Get = section.Flag("get", false),
            Path = section.Text("path", "/dns-query", "/dns-query"),
            Queries = queries,
        };
        return queries.Count > 0 ? group : null;
    }

    private static TunnelGroup? ReadTunnel(string name, SettingsReader section)
    {
        const string Example = "echo.example.com:7";
        SettingsValue? to = section.Value("to");
        if (to is null)
            section.Problems.Add(section.Path + ".to", $"is missing: where does the tunnel lead? Write host and port, such as {Example}");
        else if (to.AsText(Example) is { } text && !(text.LastIndexOf(':') is > 0 and int colon && ushort.TryParse(text.AsSpan(colon + 1), out _)))
            to.Fail($"'{text}' is no host and port; write such as {Example}");
        var group = new TunnelGroup
        {
            Name = name,
            Clients = ReadClients(section, 10),
            To = to?.Text ?? "",
            Authorization = section.TextOr("authorization", "off", null, "Basic dXNlcjpwYXNzd29yZA=="),
            Size = (int)section.Size("size", 16 * 1024, 1, MostBytes),
        };
        return group.To.Length > 0 ? group : null;
    }

    private static AbuseGroup? ReadAbuse(string name, SettingsReader section)
    {
        SettingsValue? kind = section.Value("kind");
        if (kind is null)
            section.Problems.Add(section.Path + ".kind", $"is missing; write one of {string.Join(", ", Enum.GetValues<AbuseKind>().Select(SettingsValueTypes.NameOf))}");
        var group = new AbuseGroup
        {
            Name = name,
            Kind = kind?.Choice<AbuseKind>() ?? default,
            Clients = ReadClients(section, 100),
            Rate = LoadSettingsLoader.ReadRate(section),
        };
        return kind is null ? null : group;
    }

    private static int ReadClients(SettingsReader section, int fallback) => section.Integer("clients", fallback, 1, MostClients);

    private static LoadProtocol ReadProtocol(SettingsReader section, (string Name, LoadProtocol Choice)[] known) => section.Value("protocol")?.Choice(known, ProtocolAliases[..known.Length]) ?? LoadProtocol.Http1;

    private static RequestSettings ReadRequest(SettingsReader section) => new()
    {
        Method = ReadMethod(section),
        Paths = section.List("paths", [], ReadPath),
        Headers = [.. section.Section("headers").Entries().Select(entry => ReadHeader(entry.Key, entry.Value)).OfType<KeyValuePair<string, string>>()],
        Body = ReadBody(section),
    };

    private static string ReadMethod(SettingsReader section)
    {
        string method = section.Text("method", "GET", "GET");
        if (!method.All(c => char.IsAsciiLetter(c) || c == '-'))
            section.Value("method")!.Fail($"'{method}' is no method; write one such as GET or POST");
        return method;
    }

    private static string? ReadPath(SettingsValue value)
    {
        if (value.AsText("\"/index.html\"") is not { } path)
            return null;
        if (path[0] == '/' && path.All(c => c is > ' ' and < (char)127))
            return path;
        value.Fail($"'{path}' is no path; write one that begins with a slash, its other characters percent-encoded, such as \"/search?q=a%20b\"");
        return null;
    }

    private static KeyValuePair<string, string>? ReadHeader(string name, SettingsValue value)
    {
        const string TokenMarks = "!#$%&'*+-.^_`|~";
        if (value.AsText("\"value\"") is not { } text)
            return null;
        if (!name.All(c => char.IsAsciiLetterOrDigit(c) || TokenMarks.Contains(c, StringComparison.Ordinal)))
            value.Fail($"'{name}' is no name of a header; write letters, digits and dashes");
        else if (text.Any(c => c is < ' ' and not '\t' or (char)127))
            value.Fail("has control characters; write one line of text");
        return KeyValuePair.Create(name, text);
    }

    private static ReadOnlyMemory<byte> ReadBody(SettingsReader section)
    {
        if (section.Value("body-file") is not { } file)
            return Encoding.UTF8.GetBytes(section.Text("body", "", "\"text\""));
        if (section.Has("body"))
            file.Fail("body and body-file cannot both be; write one");
        if (file.AsPath("\"body.json\"") is not { } path)
            return default;
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            file.Fail($"{path} cannot be read: {cause.Message}");
            return default;
        }
    }

    private static IReadOnlyList<string> ReadQueries(SettingsReader section)
    {
        IReadOnlyList<string> queries = section.List("queries", [], value => value.AsText("\"example.com A\""));
        if (section.Value("file") is { } file)
            queries = [.. queries, .. ReadQueryFile(file)];
        else if (queries.Count == 0)
            section.Problems.Add(section.Path + ".queries", "is missing: what is to be asked? Write queries = [\"example.com A\"], or file = \"queries.txt\" with a query a line");
        foreach (string query in queries)
        {
            if (DnsQuery.TryParse(query, out _, out string problem))
                continue;
            (section.Value("queries") ?? section.Value("file"))!.Fail($"the query '{query}' cannot be sent: {problem}");
            break;
        }

        return queries;
    }

    private static IEnumerable<string> ReadQueryFile(SettingsValue file)
    {
        if (file.AsPath("\"queries.txt\"") is not { } path)
            return [];
        try
        {
            // As dnsperf's files: one a line, comments after # or ;.
            return [.. File.ReadLines(path).Select(line => line.Split('#', ';')[0].Trim()).Where(line => line.Length > 0)];
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            file.Fail($"{path} cannot be read: {cause.Message}");
            return [];
        }
    }
}
