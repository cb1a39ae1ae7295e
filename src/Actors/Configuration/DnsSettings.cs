using System.Net;

namespace Actors443.Configuration;

/// <summary><c>actors443.dns</c>: the resolver behind DNS over HTTPS. It asks nobody until it is asked. Equal if all in it is.</summary>
public sealed record DnsSettings
{
    /// <summary>Networks whose clients are answered. Loopback by default: an open resolver is never made by accident.</summary>
    public IReadOnlyList<IPNetwork> Allow { get; init; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>Servers asked for what is not known here; empty: the system's.</summary>
    public IReadOnlyList<DnsUpstreamSettings> Upstreams { get; init; } = [];

    /// <summary>Which of several upstreams is asked.</summary>
    public DnsUpstreamStrategy Strategy { get; init; } = DnsUpstreamStrategy.Order;

    /// <summary>For one question, all upstreams together.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For one upstream, before the next is asked.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often an upstream that is down is tried.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Ask over UDP with letters in random case, which answers must repeat.</summary>
    public bool MixCase { get; init; } = true;

    /// <summary>What becomes of a client's subnet (RFC 7871) in its query.</summary>
    public DnsClientSubnet ClientSubnet { get; init; } = DnsClientSubnet.Strip;

    /// <summary>Pad answers to padded queries (RFC 8467).</summary>
    public bool Padding { get; init; } = true;

    /// <summary>Questions under way at upstreams at once; beyond it the answer is SERVFAIL.</summary>
    public int MaximumInFlight { get; init; } = 10_000;

    /// <summary>Queries a second of one client, averaged over ten seconds; 0: no limit.</summary>
    public double QueriesPerSecond { get; init; }

    /// <summary>Hosts files: their names are answered here, and nobody else is asked about them.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Names that are not to be found.</summary>
    public DnsBlockSettings Block { get; init; } = new();

    /// <summary>DNS over TLS on the https listeners.</summary>
    public DnsDotSettings Dot { get; init; } = new();

    /// <summary>What is kept.</summary>
    public DnsCacheSettings Cache { get; init; } = new();

    /// <inheritdoc/>
    public bool Equals(DnsSettings? other) =>
        other is not null && Strategy == other.Strategy && Timeout == other.Timeout && AttemptTimeout == other.AttemptTimeout && ProbeInterval == other.ProbeInterval
        && MixCase == other.MixCase && ClientSubnet == other.ClientSubnet && Padding == other.Padding && MaximumInFlight == other.MaximumInFlight
        && QueriesPerSecond.Equals(other.QueriesPerSecond) && Cache == other.Cache && Dot == other.Dot && Block.Answer == other.Block.Answer && Block.Lists.SequenceEqual(other.Block.Lists) && Hosts.SequenceEqual(other.Hosts) && Allow.SequenceEqual(other.Allow) && Upstreams.SequenceEqual(other.Upstreams);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Strategy, Timeout, Cache, Allow.Count, Upstreams.Count);
}

/// <summary><c>actors443.dns.dot</c>: DNS over TLS (RFC 7858) for clients of the https listeners that ask for it by ALPN.</summary>
public sealed record DnsDotSettings
{
    /// <summary>True: <c>dot</c> is offered.</summary>
    public bool Enabled { get; init; }

    /// <summary>A connection without a byte either way for so long is ended.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Questions of a connection at once; further ones are not read.</summary>
    public int InFlight { get; init; } = 100;
}

/// <summary><c>actors443.dns.block</c>.</summary>
public sealed record DnsBlockSettings
{
    /// <summary>Files with a name a line, or in the form of hosts files. What is below a name is blocked as well.</summary>
    public IReadOnlyList<string> Lists { get; init; } = [];

    /// <summary>What clients get for such a name.</summary>
    public DnsBlockAnswer Answer { get; init; } = DnsBlockAnswer.Nxdomain;
}

/// <summary>What clients get for a blocked name.</summary>
public enum DnsBlockAnswer
{
    /// <summary>There is no such name.</summary>
    Nxdomain,

    /// <summary>0.0.0.0 and ::, and nothing of other types.</summary>
    NullAddress,

    /// <summary>REFUSED: clients may ask another resolver.</summary>
    Refused,
}

/// <summary><c>actors443.dns.cache</c>.</summary>
public sealed record DnsCacheSettings
{
    /// <summary>Bytes of memory, about.</summary>
    public long Size { get; init; } = 32L * 1024 * 1024;

    /// <summary>Times to live below it are raised to it.</summary>
    public TimeSpan MinimumTtl { get; init; } = TimeSpan.Zero;

    /// <summary>Times to live above it are lowered to it.</summary>
    public TimeSpan MaximumTtl { get; init; } = TimeSpan.FromDays(1);

    /// <summary>The same for "there is none" (RFC 2308).</summary>
    public TimeSpan MaximumNegativeTtl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long it is remembered that nobody could say (RFC 9520).</summary>
    public TimeSpan FailureTtl { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Ask again for names in demand before they expire.</summary>
    public bool Prefetch { get; init; } = true;

    /// <summary>How long after its end an answer may be given if nobody can be asked (RFC 8767); null: never.</summary>
    public TimeSpan? Stale { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How long a client waits before it gets such an answer.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromMilliseconds(1800);

    /// <summary>In a cluster each name is one node's, who asks for all: how long it may take before another asks upstreams itself. Null: each node asks for itself.</summary>
    public TimeSpan? SharedWithin { get; init; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>A server that is asked.</summary>
/// <param name="Protocol">How.</param>
/// <param name="Host">An address; with TLS a name is possible, which its certificate must have.</param>
/// <param name="Port">Its.</param>
public sealed record DnsUpstreamSettings(DnsUpstreamProtocol Protocol, string Host, int Port)
{
    /// <summary>Path of DNS over HTTPS.</summary>
    public string Path { get; init; } = "/dns-query";

    /// <summary>Where <see cref="Host"/> is; null: the system resolves it.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>PEM file of the CAs that may have issued its certificate; null: the system's.</summary>
    public string? TrustedRoots { get; init; }

    /// <summary>As a URL, for people.</summary>
    public string Name
    {
        get
        {
            string host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
            return $"{Protocol.ToString().ToLowerInvariant()}://{host}:{Port}{(Protocol == DnsUpstreamProtocol.Https ? Path : "")}";
        }
    }
}

/// <summary>How an upstream is asked.</summary>
public enum DnsUpstreamProtocol
{
    /// <summary>UDP; TCP for what does not fit.</summary>
    Udp,

    /// <summary>TCP alone.</summary>
    Tcp,

    /// <summary>DNS over TLS (RFC 7858).</summary>
    Tls,

    /// <summary>DNS over HTTPS (RFC 8484).</summary>
    Https,
}

/// <summary>Which of several upstreams is asked.</summary>
public enum DnsUpstreamStrategy
{
    /// <summary>The first that is up; the next if it does not answer.</summary>
    Order,

    /// <summary>All that are up; the first answer counts.</summary>
    Race,
}

/// <summary>What becomes of a client's subnet in its query.</summary>
public enum DnsClientSubnet
{
    /// <summary>Nobody learns of it.</summary>
    Strip,

    /// <summary>It goes on to the upstreams, and answers are kept for that subnet alone.</summary>
    Forward,
}
