namespace Actors443.Engine.EventLoop;

/// <summary>Owns a descriptor of a loop. Called on the loop's thread.</summary>
internal interface ILoopHandler
{
    /// <summary>The descriptor is ready for this; errors and hang-ups are told unasked.</summary>
    /// <param name="events">As epoll has it.</param>
    void Ready(uint events);

    /// <summary>It threw; it is to close its descriptor. Must not throw.</summary>
    void Failed(Exception cause);

    /// <summary>The loop ends after this; nobody is told of the descriptor any more.</summary>
    void LoopEnds()
    {
    }
}

/// <summary>Has something to do once a tick: write what was gathered.</summary>
internal interface ILoopTickEnd
{
    void EndTick();

    /// <summary>It threw. Must not throw.</summary>
    void Failed(Exception cause);
}

/// <summary>One of a few timers of a loop. Its thread alone touches it.</summary>
internal abstract class LoopTimer
{
    /// <summary>Stopwatch ticks; <see cref="long.MaxValue"/>: not set.</summary>
    public long Due { get; set; } = long.MaxValue;

    /// <summary>It is due, and unset: set <see cref="Due"/> anew to be called again.</summary>
    public abstract void Elapsed(long now);
}

/// <summary>The loop itself cannot go on.</summary>
internal sealed class EventLoopException(string message) : Exception(message);
