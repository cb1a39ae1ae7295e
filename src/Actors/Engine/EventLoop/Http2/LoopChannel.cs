using System.Threading.Channels;
using System.Threading.Tasks.Sources;
using Akka.Dispatch;

namespace Actors443.Engine.EventLoop.Http2;

/// <summary>A bounded channel with one reader, who goes on upon an event loop. Written from any thread.</summary>
/// <typeparam name="T">What goes through it.</typeparam>
internal sealed class LoopChannel<T> : Channel<T>
{
    private readonly EventLoop _loop;
    private readonly int _capacity;
    private readonly Lock _lock = new();
    private readonly Queue<T> _items = new();
    private bool _isWaiting;
    private bool _isComplete;

    /// <param name="loop">Where the reader goes on.</param>
    /// <param name="capacity">Items kept; one more is not taken.</param>
    public LoopChannel(EventLoop loop, int capacity)
    {
        _loop = loop;
        _capacity = capacity;
        Reader = new LoopReader(this);
        Writer = new LoopWriter(this);
    }

    private sealed class LoopWriter(LoopChannel<T> channel) : ChannelWriter<T>
    {
        public override bool TryWrite(T item)
        {
            lock (channel._lock)
            {
                if (channel._isComplete || channel._items.Count >= channel._capacity)
                    return false;
                channel._items.Enqueue(item);
                if (!channel._isWaiting)
                    return true;
                channel._isWaiting = false;
            }

            channel._loop.Post((LoopReader)channel.Reader);
            return true;
        }

        public override bool TryComplete(Exception? error = null)
        {
            lock (channel._lock)
            {
                if (channel._isComplete)
                    return false;
                channel._isComplete = true;
                if (!channel._isWaiting)
                    return true;
                channel._isWaiting = false;
            }

            channel._loop.Post((LoopReader)channel.Reader);
            return true;
        }

        // Kestrel never waits for room: a full queue ends its connection.
        public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException("Whoever writes here does not wait.");
    }

    private sealed class LoopReader(LoopChannel<T> channel) : ChannelReader<T>, IValueTaskSource<bool>, IRunnable
    {
        private ManualResetValueTaskSourceCore<bool> _source;

        public override bool TryRead([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T item)
        {
            lock (channel._lock)
                return channel._items.TryDequeue(out item);
        }

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
        {
            lock (channel._lock)
            {
                if (channel._items.Count > 0)
                    return ValueTask.FromResult(true);
                if (channel._isComplete)
                    return ValueTask.FromResult(false);
                _source.Reset();
                channel._isWaiting = true;
                return new ValueTask<bool>(this, _source.Version);
            }
        }

        public void Run() => _source.SetResult(true);

        public void Execute() => Run();

        bool IValueTaskSource<bool>.GetResult(short token)
        {
            _ = _source.GetResult(token);
            lock (channel._lock)
                return channel._items.Count > 0;
        }

        ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _source.GetStatus(token);

        void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _source.OnCompleted(continuation, state, token, flags);
    }
}
