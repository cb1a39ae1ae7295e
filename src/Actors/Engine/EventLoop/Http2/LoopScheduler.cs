using System.IO.Pipelines;
using Akka.Dispatch;

namespace Actors443.Engine.EventLoop.Http2;

/// <summary>Goes on upon the event loop it is asked on, in the same tick; asked elsewhere, upon the thread pool, as Kestrel's own. Thread-safe.</summary>
internal sealed class LoopScheduler : PipeScheduler
{
    public static LoopScheduler Instance { get; } = new();

    public override void Schedule(Action<object?> action, object? state)
    {
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
