using Actors443.Dns.Upstreams;
using Actors443.Testing.Dns;

namespace Actors443.Tests.Dns;

/// <summary>An upstream whose answers the test gives when it wants to.</summary>
internal sealed class ScriptedUpstream(string name) : IDnsUpstream
{
    private readonly Queue<TaskCompletionSource<UpstreamAnswer>> _asked = new();
    private readonly Lock _lock = new();

    public string Name => name;

    public bool IsTrusted => true;

    /// <summary>Questions so far.</summary>
    public int Count { get; private set; }

    /// <summary>Given to every question at once; null: they wait for <see cref="Answer"/>.</summary>
    public Func<DnsTestQuery, byte[]>? Always { get; set; }

    /// <summary>Why no question is answered; null: they are.</summary>
    public string? Problem { get; set; }

    public List<DnsTestQuery> Queries { get; } = [];

    public Task<UpstreamAnswer> ExchangeAsync(UpstreamQuery query, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count++;
            var asked = new DnsTestQuery(query.Write(0, mixCase: false, padded: false), false);
            Queries.Add(asked);
            if (Problem is { } problem)
                return Task.FromException<UpstreamAnswer>(new DnsUpstreamException(problem));
            if (Always is { } always)
                return Task.FromResult(new UpstreamAnswer(always(asked)));
            var answer = new TaskCompletionSource<UpstreamAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
            cancellationToken.Register(() => answer.TrySetCanceled(cancellationToken));
            _asked.Enqueue(answer);
            return answer.Task;
        }
    }

    /// <summary>Answers the oldest question that waits.</summary>
    public void Answer(Func<DnsTestQuery, byte[]> answer)
    {
        lock (_lock)
            _asked.Dequeue().SetResult(new UpstreamAnswer(answer(Queries[^1])));
    }

    public void Fail(string problem)
    {
        lock (_lock)
            _asked.Dequeue().SetException(new DnsUpstreamException(problem));
    }

    public void CloseIdle()
    {
    }

    public void Dispose()
    {
    }
}
