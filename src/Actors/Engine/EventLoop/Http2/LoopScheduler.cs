using System.IO.Pipelines;
using Akka.Dispatch;

namespace Actors443.Engine.EventLoop.Http2;

/// <summary>Goes on upon the event loop it is asked on, in the same tick; asked elsewhere, upon the thread pool, as Kestrel's own. Thread-safe.</summary>
internal sealed class LoopScheduler : PipeScheduler
{
    [ThreadStatic]
    private static bool _isNextAtOnce;

    public static LoopScheduler Instance { get; } = new();

    /// <summary>Publishes what was written to an input. Whoever waits for it has gone on when this returns, and not later in the tick.</summary>
    public static void PublishAtOnce(Pipes.LoopInput input)
    {
        // Kestrel copies it to a pipe of its own first, whose reader is scheduled here.
        _isNextAtOnce = true;
        input.PublishPart();
        _isNextAtOnce = false;
    }

    public override void Schedule(Action<object?> action, object? state)
    {
        if (_isNextAtOnce)
        {
            _isNextAtOnce = false;
            action(state);
            return;
        }

        if (EventLoop.Current is { } loop)
            loop.Post(new Continuation(action, state));
        else
            System.Threading.ThreadPool.UnsafeQueueUserWorkItem(action, state, preferLocal: false);
    }

    private sealed class Continuation(Action<object?> action, object? state) : IRunnable
    {
        public void Run() => action(state);

        public void Execute() => action(state);
    }
}
