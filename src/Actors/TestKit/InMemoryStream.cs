using Actors443.Engine;
using Microsoft.AspNetCore.Connections;

namespace Actors443.TestKit;

/// <summary>One end of a connection that is in memory only: bytes of either way wait up to a bound, as in the buffers of a socket. Thread-safe.</summary>
internal sealed class InMemoryStream : DuplexStream
{
    private readonly Way _in;
    private readonly Way _out;

    private InMemoryStream(Way input, Way output)
    {
        _in = input;
        _out = output;
    }

    /// <summary>Called with how many bytes were read.</summary>
    public Action<int>? OnRead { get; set; }

    /// <summary>Called with how many bytes were written.</summary>
    public Action<int>? OnWritten { get; set; }

    /// <summary>Called once the other end says no more: in order, or by a reset.</summary>
    public Action<bool>? OnPeerEnded
    {
        get => _in.OnEnd;
        set => _in.OnEnd = value;
    }

    /// <param name="capacity">How many bytes wait each way before a writer does.</param>
    public static (InMemoryStream Client, InMemoryStream Server) CreatePair(int capacity = 64 * 1024)
    {
        var up = new Way(capacity);
        var down = new Way(capacity);
        return (new InMemoryStream(down, up), new InMemoryStream(up, down));
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await _in.ReadAsync(buffer, cancellationToken);
        OnRead?.Invoke(count);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        OnWritten?.Invoke(buffer.Length);
        await _out.WriteAsync(buffer, cancellationToken);
    }

    /// <summary>Nothing more is written; what was written still arrives.</summary>
    public void EndOutput() => _out.End();

    /// <summary>A reset: what was not read yet is lost, both ways.</summary>
    public void Break()
    {
        _out.Break();
        _in.Break();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            EndOutput();
            _in.Break();
        }

        base.Dispose(disposing);
    }

    private sealed class Way(int capacity)
    {
        private readonly Lock _change = new();
        private readonly Queue<ReadOnlyMemory<byte>> _pieces = new();
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _held;
        private bool _ended;
        private bool _broken;

        public Action<bool>? OnEnd { get; set; }

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            while (true)
            {
                Task changed;
                lock (_change)
                {
                    ThrowIfBroken();
                    if (_held > 0)
                        return Take(buffer.Span);
                    if (_ended)
                        return 0;
                    changed = _changed.Task;
                }

                await changed.WaitAsync(cancellationToken);
            }
        }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        {
            while (!buffer.IsEmpty)
            {
                Task changed;
                lock (_change)
                {
                    ThrowIfBroken();
                    if (_ended)
                        throw new IOException("This end of the connection is closed.");
                    int room = Math.Min(buffer.Length, capacity - _held);
                    if (room > 0)
                    {
                        _pieces.Enqueue(buffer[..room].ToArray());
                        _held += room;
                        buffer = buffer[room..];
                        Signal();
                        continue;
                    }

                    changed = _changed.Task;
                }

                await changed.WaitAsync(cancellationToken);
            }
        }

        public void End() => Finish(broken: false);

        public void Break() => Finish(broken: true);

        private void Finish(bool broken)
        {
            bool first;
            lock (_change)
            {
                first = !_ended && !_broken;
                _ended = true;
                _broken |= broken;
                Signal();
            }

            if (first)
                OnEnd?.Invoke(broken);
        }

        private int Take(Span<byte> buffer)
        {
            int taken = 0;
            while (taken < buffer.Length && _pieces.TryDequeue(out ReadOnlyMemory<byte> piece))
            {
                int count = Math.Min(piece.Length, buffer.Length - taken);
                piece.Span[..count].CopyTo(buffer[taken..]);
                taken += count;
                if (count < piece.Length)
                    PutBack(piece[count..]);
            }

            _held -= taken;
            Signal();
            return taken;
        }

        private void PutBack(ReadOnlyMemory<byte> rest)
        {
            _pieces.Enqueue(rest);
            for (int i = 1; i < _pieces.Count; i++)
                _pieces.Enqueue(_pieces.Dequeue());
        }

        private void Signal()
        {
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        private void ThrowIfBroken()
        {
            if (_broken)
                throw new ConnectionResetException("The connection was reset.");
        }
    }
}
