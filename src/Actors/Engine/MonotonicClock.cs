namespace Actors443.Engine;

/// <summary>Milliseconds that only go forward: a clock change of the machine does not move deadlines.</summary>
internal sealed class MonotonicClock(TimeProvider time)
{
    // Read twice a request: the system's coarse clock costs a fifth of the fine one.
    private readonly bool _isSystem = ReferenceEquals(time, TimeProvider.System);
    private readonly long _origin = time.GetTimestamp();

    // One is added so that 0 can mean "never".
    public long NowMs => _isSystem ? 1 + Environment.TickCount64 : 1 + (long)time.GetElapsedTime(_origin).TotalMilliseconds;

    public DateTimeOffset UtcNow => time.GetUtcNow();
}
