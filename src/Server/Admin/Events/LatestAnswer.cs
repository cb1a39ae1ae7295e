using Actors443.Server.Telemetry;

namespace Actors443.Server.Admin.Events;

/// <summary>
/// The last answer to a question that may take its time. It is put again when the answer is old, and never while it is being put: a server that does not answer is not asked more
/// for it. Not thread-safe.
/// </summary>
/// <param name="name">Of what is asked for, in the log.</param>
/// <param name="ask">The question.</param>
/// <param name="keep">How long an answer is good.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where it is told that no answer came.</param>
internal sealed class LatestAnswer<T>(string name, Func<CancellationToken, Task<T>> ask, Func<T, TimeSpan> keep, TimeProvider time, ILogger log)
    where T : class
{
    private Task<T>? _asking;
    private long _answeredAt;

    /// <summary>Null: there was none yet.</summary>
    public T? Value { get; private set; }

    /// <summary>Asks again if the answer is old. The task ends, without an exception, when there is nothing to wait for.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (_asking is null && (Value is null || time.GetElapsedTime(_answeredAt) >= keep(Value)))
            _asking = ask(cancellationToken);
        if (_asking is null)
            return;
        await ((Task)_asking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Takes the answer that has come since, if one did.</summary>
    public void Settle()
    {
        if (_asking is not { IsCompleted: true } asked)
            return;
        _asking = null;
        if (asked.IsCompletedSuccessfully)
        {
            Value = asked.Result;
            _answeredAt = time.GetTimestamp();
        }
        else if (asked.Exception is { } cause)
            log.FactMissing(cause.GetBaseException(), name);
    }
}
