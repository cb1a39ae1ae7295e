using Actors443.Configuration;
using Actors443.Dns.Cache;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Dns;

/// <summary>To a lookup actor: find the answer to this key's question. Completed with it; with null if the actor ends first.</summary>
internal sealed class DnsLookup(byte[] key) : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    private readonly TaskCompletionSource<DnsResolved?> _found = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public byte[] Key => key;

    /// <summary>Another server asks, who is not to be asked in turn.</summary>
    public bool IsForNeighbor { get; init; }

    /// <summary>An answer that is near its end will not do.</summary>
    public bool IsRefresh { get; init; }

    public Task<DnsResolved?> Found => _found.Task;

    public void Complete(DnsResolved? resolved) => _found.TrySetResult(resolved);
}

/// <param name="Entry">The answer.</param>
/// <param name="IsStale">It has expired, and there is none better.</param>
internal sealed record DnsResolved(DnsCacheEntry Entry, bool IsStale);

/// <summary>To a lookup actor: ask again before it expires.</summary>
internal sealed record RefreshAnswer(byte[] Key) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

/// <summary>To the DNS supervisor: settings that may be others.</summary>
internal sealed record ApplyDnsSettings(DnsSettings Settings);
