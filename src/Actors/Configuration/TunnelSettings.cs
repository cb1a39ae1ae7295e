using System.Net;

namespace Actors443.Configuration;

/// <summary><c>actors443.tunnels</c>: bytes carried to other servers, for clients that have an account. Without an account there are no tunnels.</summary>
public sealed record TunnelSettings
{
    /// <summary>By name, as clients write it in <c>Proxy-Authorization: Basic</c>.</summary>
    public IReadOnlyDictionary<string, TunnelAccountSettings> Accounts { get; init; } = new Dictionary<string, TunnelAccountSettings>();

    /// <summary>Ask clients for their credentials (407). False: whoever does not show any sees the ordinary site, and never that there are tunnels.</summary>
    public bool Challenge { get; init; }

    /// <summary>Path under which WebSockets and sessions lead to targets: <c>PATH/tcp/HOST/PORT/</c>, and UDP <c>PATH/udp/HOST/PORT/</c>.</summary>
    public string Path { get; init; } = "/.well-known/masque";

    /// <summary>Tunnels that outlive their connection.</summary>
    public TunnelResumeSettings Resume { get; init; } = new();

    /// <summary>For finding the address of a target and connecting to it.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Of every account that has no others.</summary>
    public TunnelLimitSettings Limits { get; init; } = new();
}

/// <summary><c>actors443.tunnels.resume</c>: tunnels whose client may lose its connection and come back.</summary>
public sealed record TunnelResumeSettings
{
    /// <summary>How long the target's side is kept for a client that is away.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Bytes kept for a client that has not confirmed them; beyond it the target waits.</summary>
    public int Buffer { get; init; } = 1024 * 1024;
}

/// <summary>One of <c>actors443.tunnels.accounts</c>: who it is, and where its tunnels may lead.</summary>
public sealed record TunnelAccountSettings
{
    /// <summary>SHA-256 of the token, 64 hexadecimal digits in lower case; null: it has none. The token itself is not kept.</summary>
    public string? TokenHash { get; init; }

    /// <summary>SHA-256 fingerprints of client certificates that stand for the account, 64 hexadecimal digits in lower case.</summary>
    public IReadOnlyList<string> Certificates { get; init; } = [];

    /// <summary>Where its tunnels may lead; anything else is refused.</summary>
    public IReadOnlyList<TunnelRule> Allow { get; init; } = [];

    /// <summary>Where its tunnels of UDP may lead (CONNECT-UDP, RFC 9298); anything else is refused.</summary>
    public IReadOnlyList<TunnelRule> AllowUdp { get; init; } = [];

    /// <summary>Networks of addresses that are not public (private, loopback, link-local, …) to which the names in <see cref="Allow"/> and <see cref="AllowUdp"/> may lead.</summary>
    public IReadOnlyList<IPNetwork> PrivateNetworks { get; init; } = [];

    /// <summary>What it may use.</summary>
    public TunnelLimitSettings Limits { get; init; } = new();
}

/// <summary>One rule of where tunnels may lead: a name, or a network of addresses, with ports. Either <see cref="Host"/> or <see cref="Network"/> is set.</summary>
/// <param name="Host"><c>example.com</c>, <c>*.example.com</c> for every name under it, <c>*</c> for every name and every public address; in lower case.</param>
/// <param name="Network">Addresses, also those that a name resolves to.</param>
/// <param name="FirstPort">1 to 65535.</param>
/// <param name="LastPort">Of a range; else the same.</param>
public sealed record TunnelRule(string? Host, IPNetwork? Network, int FirstPort, int LastPort)
{
    /// <summary>As it is written in settings.</summary>
    public override string ToString()
    {
        string host = Network is { } network ? network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{network.BaseAddress}]/{network.PrefixLength}" : network.ToString() : Host!;
        string ports = (FirstPort, LastPort) switch
        {
            (1, IPEndPoint.MaxPort) => "*",
            _ when FirstPort == LastPort => $"{FirstPort}",
            _ => $"{FirstPort}-{LastPort}",
        };
        return $"{host}:{ports}";
    }
}

/// <summary><c>actors443.tunnels.limits</c>, and the same section of an account.</summary>
public sealed record TunnelLimitSettings
{
    /// <summary>Tunnels of the account at once.</summary>
    public int Tunnels { get; init; } = 100;

    /// <summary>A tunnel without a byte either way for so long is closed; null: never.</summary>
    public TimeSpan? Idle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A tunnel is closed after so long; null: never.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Bytes a second from clients to targets, of all tunnels of the account together; null: no limit.</summary>
    public long? RateUp { get; init; }

    /// <summary>Bytes a second from targets to clients, of all tunnels of the account together; null: no limit.</summary>
    public long? RateDown { get; init; }
}
