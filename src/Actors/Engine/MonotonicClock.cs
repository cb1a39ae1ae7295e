namespace Actors443.Engine;

/// <summary>Milliseconds that only go forward: a clock change of the machine does not move deadlines.</summary>
internal sealed class MonotonicClock(TimeProvider time)
{
    private readonly long _origin = time.GetTimestamp();

    // One is added so that 0 can mean "never".
    public long NowMs => 1 + (long)time.GetElapsedTime(_origin).TotalMilliseconds;

    public DateTimeOffset UtcNow => time.GetUtcNow();
}
