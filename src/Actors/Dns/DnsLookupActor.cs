using Actors443.Dns.Cache;
using Actors443.Dns.Upstreams;
using Actors443.Dns.Wire;
using Actors443.Engine;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Dns;

/// <summary>
/// Puts the questions of its part of the names to upstreams, each once however many wait for it, and writes what comes into its part of the cache. An expired answer
/// stands in where nobody answers (RFC 8767). If it fails, those who wait get SERVFAIL, and what is kept stays.
/// </summary>
internal sealed class DnsLookupActor(
    DnsCache cache, DnsCachePart part, UpstreamGroup upstreams, DnsLookupLimits limits, DnsResolver resolver, MonotonicClock clock, TimeProvider time, ILogger log) : UntypedActor
{
    // RFC 8767 5: not asked again for so long where nobody answered.
    private const long RetryAfterMs = 30_000;

    private readonly DnsCounters _counters = resolver.Counters;
    private readonly Dictionary<byte[], Question> _questions = new(DnsCacheKey.Comparer.Instance);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case DnsLookup lookup:
                OnLookup(lookup);
                break;
            case RefreshAnswer refresh when !_questions.ContainsKey(refresh.Key) && _questions.Count < limits.MostQuestions:
                _counters.CountPrefetch();
                Ask(new Question(refresh.Key, isForNeighbor: false, isRefresh: true));
                break;
            case RefreshAnswer:
                break;
            case Answered answered:
                OnAnswered(answered);
                break;
            case PatienceEnded ended:
                OnPatienceEnded(ended.Question);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    protected override void PostStop()
    {
        foreach (Question question in _questions.Values)
            question.Complete(null);
        _questions.Clear();
    }

    private void OnLookup(DnsLookup lookup)
    {
        // It may have come between the look and the message.
        if (cache.Find(lookup.Key) is { } known && known.Serves(clock.NowMs, lookup.IsRefresh))
        {
            lookup.Complete(new DnsResolved(known, false));
            return;
        }

        if (_questions.TryGetValue(lookup.Key, out Question? asked))
        {
            _counters.CountCoalesced();
            asked.Add(lookup);
            return;
        }

        if (_questions.Count >= limits.MostQuestions)
        {
            lookup.Complete(new DnsResolved(DnsCacheEntry.Empty(lookup.Key, DnsResponseCode.ServFail, 0, DnsExtendedError.None, clock.NowMs), false));
            return;
        }

        var question = new Question(lookup.Key, lookup.IsForNeighbor, lookup.IsRefresh);
        Ask(question);
        question.Add(lookup);
        if (Servable(lookup.Key) is not null)
            PatienceAsync(question).PipeTo(Self);
    }

    private void Ask(Question question)
    {
        _questions.Add(question.Key, question);
        AskAsync(question).PipeTo(Self);
    }

    private async Task<Answered> AskAsync(Question question)
    {
        try
        {
            if (await FromNeighborAsync(question) is { } shared)
                return new Answered(question, shared, null);
            (UpstreamAnswer answer, UpstreamState from) = await upstreams.AskAsync(new UpstreamQuery(question.Key), CancellationToken.None);
            DnsCacheEntry? entry = DnsCacheEntry.TryMake(question.Key, answer.Message, limits.TimesToLive, clock.NowMs, answer.Age, from.Upstream.IsTrusted);
            string? problem = entry is null
                ? $"{from.Name} sent an answer that cannot be read"
                : entry.IsFailure ? $"{from.Name} answers {DnsMessage.NameOf(entry.ResponseCode)}" : null;
            return new Answered(question, entry, problem);
        }
        catch (DnsUpstreamException cause)
        {
            return new Answered(question, null, cause.Message);
        }
        catch (Exception cause)
        {
            // A fault of ours, and no reason to let clients wait.
            log.LookupBroke(cause, DnsName.ToText(DnsCacheKey.NameOf(question.Key)));
            return new Answered(question, null, cause.Message);
        }
    }

    // Null: it is for this server to ask.
    private async Task<DnsCacheEntry?> FromNeighborAsync(Question question)
    {
        if (question.IsForNeighbor || limits.SharedWithin is not { } within || resolver.Neighbors is not { } neighbors || neighbors.OwnerOf(question.Key) is not { } owner)
            return null;
        DnsCacheEntry? entry = await neighbors.AskAsync(owner, question.Key, question.IsRefresh, within) is { } message
            && DnsCacheEntry.TryMake(question.Key, message, limits.TimesToLive, clock.NowMs) is { IsFailure: false } made ? made : null;
        _counters.CountShared(entry is null ? DnsSharing.Fallback : DnsSharing.Answered);
        return entry;
    }

    private async Task<PatienceEnded> PatienceAsync(Question question)
    {
        await Task.Delay(limits.StaleAfter, time);
        return new PatienceEnded(question);
    }

    private void OnAnswered(Answered answered)
    {
        Question question = answered.Question;
        _questions.Remove(question.Key);
        if (answered is { Entry: { } entry, Problem: null })
        {
            if (entry.Lifetime > 0)
                part.Put(entry);
            question.Complete(new DnsResolved(entry, false));
            return;
        }

        log.LookupFailed(DnsName.ToText(DnsCacheKey.NameOf(question.Key)), answered.Problem!.TrimEnd('.'));
        long now = clock.NowMs;
        if (Servable(question.Key) is { } known)
        {
            known.ServeStaleUntil(now + RetryAfterMs);
            question.Complete(new DnsResolved(known, now >= known.ExpiresAtMs));
            return;
        }

        // What else upstreams say than that a name is there or not is their trouble, not the client's.
        var failure = DnsCacheEntry.Empty(question.Key, DnsResponseCode.ServFail, limits.FailureSeconds, answered.Entry is null ? DnsExtendedError.NoReachableAuthority : DnsExtendedError.None, now);
        if (failure.Lifetime > 0)
            part.Put(failure);
        question.Complete(new DnsResolved(failure, false));
    }

    private void OnPatienceEnded(Question question)
    {
        // The question goes on; its answer is for those who come later.
        if (_questions.TryGetValue(question.Key, out Question? current) && ReferenceEquals(current, question) && Servable(question.Key) is { } known)
            question.Complete(new DnsResolved(known, true));
    }

    private DnsCacheEntry? Servable(byte[] key) =>
        cache.Find(key) is { IsFailure: false } known && clock.NowMs - known.ExpiresAtMs <= limits.StaleMs ? known : null;

    /// <summary>Who waits for one question.</summary>
    private sealed class Question(byte[] key, bool isForNeighbor, bool isRefresh)
    {
        private readonly List<DnsLookup> _waiting = [];

        public byte[] Key => key;

        public bool IsForNeighbor => isForNeighbor;

        public bool IsRefresh => isRefresh;

        public void Add(DnsLookup lookup) => _waiting.Add(lookup);

        public void Complete(DnsResolved? resolved)
        {
            foreach (DnsLookup lookup in _waiting)
                lookup.Complete(resolved);
            _waiting.Clear();
        }
    }

    private sealed record Answered(Question Question, DnsCacheEntry? Entry, string? Problem) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record PatienceEnded(Question Question) : INoSerializationVerificationNeeded, IDeadLetterSuppression;
}

/// <summary>What settings say of lookups.</summary>
/// <param name="MostQuestions">Of one actor under way.</param>
/// <param name="TimesToLive">Of what comes.</param>
/// <param name="FailureSeconds">How long it is remembered that nobody could say.</param>
/// <param name="StaleMs">How long after its end an answer may stand in; below 0: never.</param>
/// <param name="StaleAfter">How long clients wait before it does.</param>
/// <param name="SharedWithin">How long the server whose question it is may take; null: it is not asked.</param>
internal sealed record DnsLookupLimits(int MostQuestions, DnsTimesToLive TimesToLive, uint FailureSeconds, long StaleMs, TimeSpan StaleAfter, TimeSpan? SharedWithin);
