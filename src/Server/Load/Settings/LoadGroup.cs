using System.Security.Authentication;

namespace Actors443.Server.Load.Settings;

/// <summary>Clients of one kind.</summary>
internal abstract record LoadGroup
{
    /// <summary>Unique within the run; shown in reports.</summary>
    public required string Name { get; init; }

    /// <summary>When it begins, counted from the beginning of the run.</summary>
    public TimeSpan Start { get; init; }

    /// <summary>Null: until the run ends.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary><c>steady</c>, <c>handshakes</c>, …</summary>
    public abstract string Mode { get; }

    /// <summary>Most connections it has at one time.</summary>
    public abstract int Connections { get; }
}

/// <summary>Requests, again and again.</summary>
internal sealed record SteadyGroup : LoadGroup
{
    public override string Mode => "steady";

    public override int Connections => Clients;

    public int Clients { get; init; } = 10;

    /// <summary>
    /// Requests a second over all clients, arriving whether or not earlier ones are answered (open model): latency counts from the moment a
    /// request was due. Null: each client asks again once it is answered (closed model).
    /// </summary>
    public double? Rate { get; init; }

    public LoadProtocol Protocol { get; init; } = LoadProtocol.Http1;

    /// <summary>HTTP/2 and HTTP/3: requests in flight on each connection.</summary>
    public int Streams { get; init; } = 1;

    /// <summary>Connections are opened over this time rather than at once.</summary>
    public TimeSpan Ramp { get; init; }

    public RequestSettings Request { get; init; } = new();
}

/// <summary>What is asked.</summary>
internal sealed record RequestSettings
{
    public string Method { get; init; } = "GET";

    /// <summary>Paths with query, asked in turn; empty: the target's.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    public ReadOnlyMemory<byte> Body { get; init; }
}

/// <summary>New connections, each closed after its handshake (and a request).</summary>
internal sealed record HandshakesGroup : LoadGroup
{
    public override string Mode => "handshakes";

    public override int Connections => Clients;

    public int Clients { get; init; } = 10;

    /// <summary>Connections a second over all clients; null: as fast as they are answered.</summary>
    public double? Rate { get; init; }

    /// <summary>Share of handshakes that offer to resume, 0 to 1.</summary>
    public double Resumed { get; init; }

    /// <summary>One request on each connection before it is closed.</summary>
    public bool WithRequest { get; init; } = true;

    /// <summary>Null: the run's.</summary>
    public SslProtocols? Version { get; init; }

    /// <summary>Null: the run's.</summary>
    public CertificateKind? CertificateKind { get; init; }

    public RequestSettings Request { get; init; } = new();
}

/// <summary>Sessions that are held open with nothing but a heartbeat.</summary>
internal sealed record HoldGroup : LoadGroup
{
    public override string Mode => "hold";

    public override int Connections => Sessions;

    public int Sessions { get; init; } = 1_000;

    public TimeSpan Ramp { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A request on each session this often; null: none.</summary>
    public TimeSpan? Heartbeat { get; init; } = TimeSpan.FromSeconds(30);

    public LoadProtocol Protocol { get; init; } = LoadProtocol.Http1;

    public RequestSettings Request { get; init; } = new();
}

/// <summary>Sessions that are all dropped at once and come back at once.</summary>
internal sealed record StormGroup : LoadGroup
{
    public override string Mode => "storm";

    public override int Connections => Sessions;

    public int Sessions { get; init; } = 1_000;

    public TimeSpan Ramp { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between the moment all are open and the moment all are dropped.</summary>
    public TimeSpan Calm { get; init; } = TimeSpan.FromSeconds(5);

    public int Storms { get; init; } = 1;

    /// <summary>Dropped with a reset (as by a failing network) rather than with close_notify.</summary>
    public bool Reset { get; init; }

    /// <summary>Sessions offer to resume when they come back.</summary>
    public bool Resume { get; init; } = true;
}

/// <summary>WebSockets (RFC 6455, over HTTP/1.1).</summary>
internal sealed record WebSocketGroup : LoadGroup
{
    public override string Mode => "websocket";

    public override int Connections => Clients;

    public int Clients { get; init; } = 10;

    /// <summary>The server only sends: what arrives is counted. Otherwise each message sent is expected back, and timed.</summary>
    public bool Push { get; init; }

    /// <summary>Messages a second and client; null: the next once the last has come back.</summary>
    public double? Rate { get; init; }

    /// <summary>Bytes of a message.</summary>
    public int Size { get; init; } = 64;

    public TimeSpan Ramp { get; init; }

    public RequestSettings Request { get; init; } = new();
}

/// <summary>DNS queries over HTTPS (RFC 8484).</summary>
internal sealed record DohGroup : LoadGroup
{
    public override string Mode => "doh";

    public override int Connections => Clients;

    public int Clients { get; init; } = 10;

    public double? Rate { get; init; }

    public int Streams { get; init; } = 1;

    /// <summary>GET with <c>?dns=</c>; otherwise POST.</summary>
    public bool Get { get; init; }

    /// <summary>Names and types, a query a line (<c>example.com A</c>), asked in turn.</summary>
    public required IReadOnlyList<string> Queries { get; init; }

    public string Path { get; init; } = "/dns-query";
}

/// <summary>Bytes through a CONNECT tunnel to something that echoes.</summary>
internal sealed record TunnelGroup : LoadGroup
{
    public override string Mode => "tunnel";

    public override int Connections => Clients;

    public int Clients { get; init; } = 10;

    /// <summary>Host and port asked of the proxy.</summary>
    public required string To { get; init; }

    /// <summary>Value of Proxy-Authorization; null: none.</summary>
    public string? Authorization { get; init; }

    /// <summary>Bytes sent and expected back, again and again.</summary>
    public int Size { get; init; } = 16 * 1024;
}

/// <summary>What no well-behaved client does. Only to loopback, or with <see cref="LoadSettings.OwnTarget"/>.</summary>
internal sealed record AbuseGroup : LoadGroup
{
    public override string Mode => "abuse";

    public override int Connections => Clients;

    public required AbuseKind Kind { get; init; }

    public int Clients { get; init; } = 100;

    /// <summary>New attempts (connections, resets, headers: what the kind does) a second over all clients; null: as fast as possible, a slow kind once a second and client.</summary>
    public double? Rate { get; init; }
}

internal enum AbuseKind
{
    /// <summary>A request whose headers come a byte at a time and never end.</summary>
    Slowloris,

    /// <summary>A body announced and sent a byte at a time.</summary>
    SlowBody,

    /// <summary>A big answer asked for and read a little at a time.</summary>
    SlowRead,

    /// <summary>TCP connections that say nothing.</summary>
    Silent,

    /// <summary>Handshakes that stop after the ClientHello.</summary>
    HalfHandshake,

    /// <summary>HTTP/2 streams reset as soon as they are asked (CVE-2023-44487).</summary>
    RapidReset,

    /// <summary>HTTP/2 headers that go on in CONTINUATION frames without end.</summary>
    HeaderBomb,

    /// <summary>Bytes that are no TLS.</summary>
    Garbage,
}
