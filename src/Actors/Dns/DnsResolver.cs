using System.Runtime.CompilerServices;
using Actors443.Dns.Cache;
using Actors443.Dns.Local;
using Actors443.Dns.Wire;
using Actors443.Engine;
using Akka.Actor;

namespace Actors443.Dns;

/// <summary>Answers from what is published; what is not there it has looked up by the actors.</summary>
internal sealed class DnsResolver(MonotonicClock clock, TimeProvider time) : IDnsResolver
{
    // Uses until an answer is in demand, and how near to its end it then is refreshed.
    private const int HitsInDemand = 3;
    private const uint ShortestRefreshed = 10;

    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    private volatile DnsRuntime? _runtime;
    private IDnsNeighbors? _neighbors;

    public DnsCounters Counters { get; } = new();

    /// <summary>Servers that share the names with this one; null: there are none.</summary>
    public IDnsNeighbors? Neighbors { get => Volatile.Read(ref _neighbors); set => Volatile.Write(ref _neighbors, value); }

    /// <summary>Null: not started.</summary>
    public DnsRuntime? Runtime => _runtime;

    public void Publish(DnsRuntime runtime) => _runtime = runtime;

    [SkipLocalsInit]
    public ValueTask<DnsAnswer> ResolveAsync(ReadOnlyMemory<byte> query, DnsClient client, CancellationToken cancellationToken)
    {
        ReadOnlySpan<byte> message = query.Span;
        DnsQueryStatus status = DnsQuery.TryRead(message, out DnsQuery read);
        DnsRuntime? runtime = _runtime;
        if (status == DnsQueryStatus.NoQuery)
            return ValueTask.FromResult(End(DnsOutcome.NotAQuery, DnsAnswer.NotAQuery));
        if (runtime is null)
            return ValueTask.FromResult(End(DnsOutcome.Failed, DnsAnswer.Error(query, read, DnsResponseCode.ServFail, DnsExtendedError.None, default)));
        long now = clock.NowMs;
        if (runtime.Clients.Find(client) is not { } record)
            return ValueTask.FromResult(End(DnsOutcome.Denied, DnsAnswer.Error(query, read, DnsResponseCode.Refused, DnsExtendedError.Prohibited, runtime.Form, DnsVerdict.Denied)));
        if (!record.TryTake(now))
            return ValueTask.FromResult(End(DnsOutcome.TooMany, DnsAnswer.Error(query, read, DnsResponseCode.Refused, DnsExtendedError.Prohibited, runtime.Form, DnsVerdict.TooMany)));
        if (status != DnsQueryStatus.Good)
            return ValueTask.FromResult(End(DnsOutcome.Error, ErrorFor(status, query, read, runtime.Form)));

        Span<byte> buffer = stackalloc byte[DnsCacheKey.Longest];
        ReadOnlySpan<byte> key = buffer[..DnsCacheKey.Write(message, read, runtime.Form.WithSubnet, buffer)];
        DnsLocalData local = runtime.Local;
        if (!local.IsEmpty && local.Find(key[..read.NameLength], read.Type, out bool isBlocked) is { } ours)
        {
            if (isBlocked)
                record.NoteBlocked();
            return ValueTask.FromResult(End(isBlocked ? DnsOutcome.Blocked : DnsOutcome.Local, DnsAnswer.Of(query, read, ours, 0, false, runtime.Form)));
        }

        if (runtime.Cache.Find(key) is { } entry)
        {
            uint age = entry.AgeAt(now);
            if (age < entry.Lifetime)
            {
                entry.NoteHit(HitsInDemand);
                if (entry.IsNearItsEnd(age))
                    Refresh(runtime, entry);
                return ValueTask.FromResult(End(DnsOutcome.Hit, DnsAnswer.Of(query, read, entry, age, false, runtime.Form)));
            }

            if (now < entry.StaleUntilMs && runtime.IsServable(entry, now))
                return ValueTask.FromResult(End(DnsOutcome.Stale, DnsAnswer.Of(query, read, entry, age, true, runtime.Form)));
        }

        record.NoteMiss();
        return LookUpAsync(runtime, key.ToArray(), query, read, cancellationToken);
    }

    /// <summary>For another server, whose client has asked: the answer to this key's question, with what is left of its times; null: there is none, or it is no key.</summary>
    /// <param name="key">See <see cref="DnsCacheKey"/>.</param>
    /// <param name="isRefresh">An answer that is near its end will not do.</param>
    public async Task<byte[]?> AnswerNeighborAsync(byte[] key, bool isRefresh)
    {
        if (_runtime is not { } runtime || !DnsCacheKey.IsWellFormed(key))
            return null;
        DnsCacheEntry? entry = runtime.Cache.Find(key);
        if (entry is null || !entry.Serves(clock.NowMs, isRefresh))
        {
            var lookup = new DnsLookup(key) { IsForNeighbor = true, IsRefresh = isRefresh };
            runtime.LookupFor(key).Tell(lookup, ActorRefs.NoSender);
            try
            {
                entry = await lookup.Found.WaitAsync(runtime.Settings.Timeout + Margin, time) is { IsStale: false } found ? found.Entry : null;
            }
            catch (TimeoutException)
            {
                return null;
            }
        }

        // Whoever asks may have other upstreams, which can say.
        if (entry is null || entry.IsFailure)
            return null;
        Counters.CountShared(DnsSharing.Given);
        byte[] message = new byte[entry.Length];
        entry.CopyTo(message, entry.AgeAt(clock.NowMs), null);
        return message;
    }

    private static DnsAnswer ErrorFor(DnsQueryStatus status, ReadOnlyMemory<byte> query, in DnsQuery read, DnsAnswerForm form) => status switch
    {
        DnsQueryStatus.NotImplemented => DnsAnswer.Error(query, read, DnsResponseCode.NotImp, DnsExtendedError.NotSupported, form),
        DnsQueryStatus.BadVersion => DnsAnswer.Error(query, read, DnsResponseCode.BadVers, DnsExtendedError.None, form),
        DnsQueryStatus.Refused => DnsAnswer.Error(query, read, DnsResponseCode.Refused, DnsExtendedError.NotSupported, form),
        _ => DnsAnswer.Error(query, read, DnsResponseCode.FormErr, DnsExtendedError.None, form),
    };

    private static void Refresh(DnsRuntime runtime, DnsCacheEntry entry)
    {
        if (!runtime.Settings.Cache.Prefetch || entry.IsFailure || entry.Hits < HitsInDemand || entry.Lifetime < ShortestRefreshed || !entry.TryBeginRefresh())
            return;
        runtime.LookupFor(entry.Key).Tell(new RefreshAnswer(entry.Key), ActorRefs.NoSender);
    }

    private async ValueTask<DnsAnswer> LookUpAsync(DnsRuntime runtime, byte[] key, ReadOnlyMemory<byte> query, DnsQuery read, CancellationToken cancellationToken)
    {
        while (true)
        {
            var lookup = new DnsLookup(key);
            runtime.LookupFor(key).Tell(lookup, ActorRefs.NoSender);
            DnsResolved? resolved;
            try
            {
                resolved = await lookup.Found.WaitAsync(runtime.Settings.Timeout + Margin, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                resolved = null;
            }

            if (resolved is { } found)
            {
                DnsOutcome outcome = found.IsStale ? DnsOutcome.Stale : found.Entry.IsFailure ? DnsOutcome.Failed : DnsOutcome.Miss;
                return End(outcome, DnsAnswer.Of(query, read, found.Entry, found.Entry.AgeAt(clock.NowMs), found.IsStale, runtime.Form));
            }

            DnsRuntime current = _runtime ?? runtime;
            if (ReferenceEquals(current, runtime))
                return End(DnsOutcome.Failed, DnsAnswer.Error(query, read, DnsResponseCode.ServFail, DnsExtendedError.NoReachableAuthority, runtime.Form));
            // Settings have changed meanwhile, which costs nobody an answer.
            runtime = current;
        }
    }

    private DnsAnswer End(DnsOutcome outcome, in DnsAnswer answer)
    {
        Counters.Count(outcome);
        return answer;
    }
}
