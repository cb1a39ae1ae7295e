using System.Runtime.CompilerServices;

namespace Actors443.Hosting;

/// <summary>Awaited, goes on upon the thread pool.</summary>
internal sealed class ThreadPoolHop : ICriticalNotifyCompletion
{
    public static ThreadPoolHop Instance { get; } = new();

    public bool IsCompleted => false;

    public ThreadPoolHop GetAwaiter() => this;

    public void GetResult()
    {
        // There is no result.
    }

    public void OnCompleted(Action continuation) => ThreadPool.QueueUserWorkItem(static next => next(), continuation, preferLocal: false);

    public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
}
