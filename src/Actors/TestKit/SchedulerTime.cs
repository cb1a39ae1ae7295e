using Akka.Actor;

namespace Actors443.TestKit;

/// <summary>The time of a scheduler: with Akka's <c>TestScheduler</c>, the test's.</summary>
internal sealed class SchedulerTime(IScheduler scheduler) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => scheduler.Now;

    // Its monotonic clock is the machine's, whatever scheduler it is.
    public override long GetTimestamp() => scheduler.Now.UtcTicks;
}
