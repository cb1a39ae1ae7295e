using System.Net;

namespace Actors443.Configuration;

/// <summary><c>actors443.admission</c>: who may come in, decided before any cryptography.</summary>
public sealed record AdmissionSettings
{
    /// <summary>Connections at once, of all clients; at the limit the server stops accepting and the kernel's backlog holds the rest.</summary>
    public int MaximumConnections { get; init; } = 100_000;

    /// <summary>Handshakes at once; above it the oldest unfinished one makes room, so stalled ones cannot lock others out.</summary>
    public int MaximumHandshakes { get; init; } = 4096;

    /// <summary>Limits of one client.</summary>
    public ClientLimitSettings PerClient { get; init; } = new();

    /// <summary>Limits of one client certificate.</summary>
    public CertificateLimitSettings PerCertificate { get; init; } = new();

    /// <summary>When to shed load and when to stop accepting.</summary>
    public LoadSettings Load { get; init; } = new();
}

/// <summary><c>actors443.admission.per-client</c>: limits of one client, that is one address under the mask.</summary>
public sealed record ClientLimitSettings
{
    /// <summary>Bits of an IPv4 address that make a client.</summary>
    public int Ipv4Mask { get; init; } = 32;

    /// <summary>Bits of an IPv6 address that make a client.</summary>
    public int Ipv6Mask { get; init; } = 64;

    /// <summary>Connections at once; 0: no limit.</summary>
    public int Connections { get; init; } = 1000;

    /// <summary>Handshakes not finished at once; 0: no limit.</summary>
    public int UnfinishedHandshakes { get; init; } = 256;

    /// <summary>New (full) handshakes per second, averaged over <see cref="RateInterval"/>; 0: no limit.</summary>
    public double NewHandshakesPerSecond { get; init; } = 50;

    /// <summary>Resumed handshakes per second, averaged over <see cref="RateInterval"/>; 0: no limit.</summary>
    public double ResumedHandshakesPerSecond { get; init; } = 200;

    /// <summary>The averaging interval: a burst of rate × interval is allowed.</summary>
    public TimeSpan RateInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A client over a rate is refused at accept for this long.</summary>
    public TimeSpan Ban { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Networks these limits do not apply to. Loopback by default, where proxies and tests are.</summary>
    public IReadOnlyList<IPNetwork> Exempt { get; init; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>Clients tracked at once; beyond it the least recent are forgotten.</summary>
    public int TrackedClients { get; init; } = 100_000;
}

/// <summary><c>actors443.admission.per-certificate</c>: limits of one client certificate.</summary>
public sealed record CertificateLimitSettings
{
    /// <summary>Connections at once; 0: no limit.</summary>
    public int Connections { get; init; }
}

/// <summary><c>actors443.admission.load</c>: thresholds of Normal → Shedding → Paused. Fractions are 0…1.</summary>
public sealed record LoadSettings
{
    /// <summary>How often load is sampled.</summary>
    public TimeSpan SampleInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>CPU of this process as a fraction of the cores (or cgroup quota) it may use. Off by default: a busy CPU is no overload while nothing waits,
    /// and what waits shows in the two delays.</summary>
    public LoadThreshold Cpu { get; init; } = new(null, null);

    /// <summary>Memory in use as a fraction of what the process may use (cgroup and GC limit aware).</summary>
    public LoadThreshold Memory { get; init; } = new(0.85, 0.95);

    /// <summary>Seconds a work item waits for a thread-pool thread.</summary>
    public LoadThreshold ThreadPoolDelay { get; init; } = new(0.5, null);

    /// <summary>Seconds a message waits in a connection supervisor's mailbox.</summary>
    public LoadThreshold MailboxLag { get; init; } = new(0.5, 2.0);

    /// <summary>Samples in a row over a threshold before the mode rises.</summary>
    public int RiseSamples { get; init; } = 4;

    /// <summary>Samples in a row under 90% of every threshold before the mode falls.</summary>
    public int FallSamples { get; init; } = 6;

    /// <summary>Retry-After of the 503 sent while shedding.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Idle limit of a connection while shedding; longer-idle ones are closed first.</summary>
    public TimeSpan SheddingIdle { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>One resource's thresholds; null: this resource never causes that mode.</summary>
/// <param name="Shed">At or above it the mode is Shedding.</param>
/// <param name="Pause">At or above it the mode is Paused.</param>
public sealed record LoadThreshold(double? Shed, double? Pause);
