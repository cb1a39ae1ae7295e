using Actors443.Configuration;
using Actors443.Dns.Cache;
using Actors443.Dns.Local;
using Actors443.Dns.Upstreams;
using Akka.Actor;

namespace Actors443.Dns;

/// <summary>What one set of settings made: published whole, replaced whole. All in it is thread-safe.</summary>
internal sealed class DnsRuntime(DnsSettings settings, DnsCache cache, IReadOnlyList<IActorRef> lookups, UpstreamGroup upstreams, DnsClients clients, DnsLocalData local)
{
    private volatile DnsLocalData _local = local;

    /// <summary>What files say; replaced when they change.</summary>
    public DnsLocalData Local
    {
        get => _local;
        set => _local = value;
    }

    public DnsSettings Settings => settings;

    public DnsCache Cache => cache;

    public UpstreamGroup Upstreams => upstreams;

    public DnsClients Clients => clients;

    public DnsAnswerForm Form { get; } = new(settings.Padding, settings.ClientSubnet == DnsClientSubnet.Forward);

    /// <summary>Milliseconds after its end that an answer may be given; below 0: none.</summary>
    public long StaleMs { get; } = (long)(settings.Cache.Stale?.TotalMilliseconds ?? -1);

    /// <summary>The actor that puts the question of this key to upstreams.</summary>
    public IActorRef LookupFor(ReadOnlySpan<byte> key) => lookups[cache.PartOf(key)];

    /// <summary>Expired, and may be given all the same.</summary>
    public bool IsServable(DnsCacheEntry entry, long nowMs) => !entry.IsFailure && nowMs - entry.ExpiresAtMs <= StaleMs;
}
