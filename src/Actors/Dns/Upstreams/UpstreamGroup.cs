using System.Diagnostics;
using Actors443.Configuration;
using Actors443.Dns.Wire;
using Actors443.Telemetry;

namespace Actors443.Dns.Upstreams;

/// <summary>All upstreams: asks one after the other or all at once, and remembers who does not answer. Thread-safe.</summary>
internal sealed class UpstreamGroup(IReadOnlyList<UpstreamState> upstreams, DnsSettings settings, DnsMetrics metrics, ILogger log, TimeProvider time) : IDisposable
{
    public IReadOnlyList<UpstreamState> Upstreams => upstreams;

    /// <summary>Asks until one gives a good answer, and answers the best there is.</summary>
    /// <exception cref="DnsUpstreamException">Nobody answered in time.</exception>
    public async Task<(UpstreamAnswer Answer, UpstreamState From)> AskAsync(UpstreamQuery query, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(settings.Timeout, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        UpstreamState[] inTurn = [.. upstreams.Where(upstream => !upstream.IsDown)];
        if (inTurn.Length == 0)
            inTurn = [.. upstreams];
        Outcome outcome = settings.Strategy == DnsUpstreamStrategy.Race ? await RaceAsync(inTurn, query, patience.Token) : await InOrderAsync(inTurn, query, patience.Token);
        cancellationToken.ThrowIfCancellationRequested();
        return outcome.Answer is { } answer ? (answer, outcome.From!) : throw new DnsUpstreamException(outcome.Problem ?? "There is no DNS server to ask; write dns.upstreams");
    }

    /// <summary>Tries those that are down.</summary>
    public Task ProbeAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(upstreams.Where(upstream => upstream.IsDown).Select(upstream => AskOneAsync(upstream, UpstreamQuery.ForProbe(), cancellationToken)));

    public void CloseIdle()
    {
        foreach (UpstreamState upstream in upstreams)
            upstream.Upstream.CloseIdle();
    }

    public void Dispose()
    {
        foreach (UpstreamState upstream in upstreams)
            upstream.Upstream.Dispose();
    }

    private async Task<Outcome> InOrderAsync(UpstreamState[] inTurn, UpstreamQuery query, CancellationToken cancellationToken)
    {
        var best = default(Outcome);
        foreach (UpstreamState upstream in inTurn)
        {
            Outcome outcome = await AskOneAsync(upstream, query, cancellationToken);
            if (outcome.IsGood)
                return outcome;
            best = best.Answer is null ? outcome : best;
            if (cancellationToken.IsCancellationRequested)
                break;
        }

        return best;
    }

    private async Task<Outcome> RaceAsync(UpstreamState[] all, UpstreamQuery query, CancellationToken cancellationToken)
    {
        using var won = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var racing = all.Select(upstream => AskOneAsync(upstream, query, won.Token)).ToList();
        var best = default(Outcome);
        while (racing.Count > 0)
        {
            Task<Outcome> first = await Task.WhenAny(racing);
            racing.Remove(first);
            Outcome outcome = await first;
            if (best.Answer is null || outcome.IsGood)
                best = outcome;
            if (!outcome.IsGood)
                continue;
            // Their answers are of no use to anybody; who is slower than another has not failed.
            await won.CancelAsync();
            await Task.WhenAll(racing);
            break;
        }

        return best;
    }

    // Never throws: what came of it.
    private async Task<Outcome> AskOneAsync(UpstreamState upstream, UpstreamQuery query, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(settings.AttemptTimeout, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        long start = Stopwatch.GetTimestamp();
        string problem;
        try
        {
            UpstreamAnswer answer = await upstream.Upstream.ExchangeAsync(query, patience.Token);
            DnsResponseCode code = DnsHeader.ResponseCode(answer.Message);
            metrics.UpstreamAsked(upstream.Name, DnsMessage.NameOf(code), Stopwatch.GetElapsedTime(start));
            if (upstream.NoteAnswer())
                log.UpstreamUp(upstream.Name);
            return new Outcome(answer, upstream, $"{upstream.Name} answers {DnsMessage.NameOf(code)}");
        }
        catch (OperationCanceledException)
        {
            if (!timer.IsCancellationRequested)
                return new Outcome(null, upstream, $"{upstream.Name} had not answered when the time was up");
            problem = $"{upstream.Name} did not answer within {settings.AttemptTimeout.TotalSeconds:0.#} s";
            metrics.UpstreamAsked(upstream.Name, "timeout", Stopwatch.GetElapsedTime(start));
        }
        catch (DnsUpstreamException cause)
        {
            problem = cause.Message;
            metrics.UpstreamAsked(upstream.Name, "failed", Stopwatch.GetElapsedTime(start));
        }

        if (upstream.NoteFailure())
            log.UpstreamDown(upstream.Name, problem.TrimEnd('.'), settings.ProbeInterval);
        return new Outcome(null, upstream, problem);
    }

    private readonly record struct Outcome(UpstreamAnswer? Answer, UpstreamState? From, string? Problem)
    {
        public bool IsGood => Answer is not null && DnsHeader.ResponseCode(Answer.Message) is DnsResponseCode.NoError or DnsResponseCode.NxDomain;
    }
}
