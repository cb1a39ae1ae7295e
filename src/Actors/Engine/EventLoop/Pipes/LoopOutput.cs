using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace Actors443.Engine.EventLoop.Pipes;

/// <summary>
/// Bytes of the application on their way to the loop, which encrypts and sends them at the end of its tick. One writer, on any thread; a flush
/// completes at once unless too much waits to be sent.
/// </summary>
internal sealed class LoopOutput(IPipeOwner owner, BlockPool pool) : PipeWriter, IValueTaskSource<FlushResult>, IValueTaskSource
{
    private const int HighWater = 64 * 1024;
    private const int LowWater = 32 * 1024;

    private BlockChain _chain = new(pool);
    private ManualResetValueTaskSourceCore<bool> _source;
    private ManualResetValueTaskSourceCore<bool> _turn;
    private bool _awaitsTurn;
    private int _waiting;
    private int _canceled;
    private volatile bool _ended;
    private volatile ConcurrentQueue<long>? _flushes;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _chain.Uncommitted;

    /// <summary>Flushed and not encrypted.</summary>
    public long Unsent => _chain.Unread;

    /// <summary>By the loop: the next bytes to be sent; 0: there are none.</summary>
    public unsafe int Peek(out byte* bytes) => _chain.Peek(out bytes);

    public void Consume(int count) => _chain.Consume(count);

    /// <summary>By the loop: all that is to be sent.</summary>
    public ReadOnlySequence<byte> PeekAll() => _chain.ToSequence();

    /// <summary>By the loop, of what <see cref="PeekAll"/> gave.</summary>
    public void ConsumeTo(SequencePosition position) => _chain.ConsumeTo(position);

    /// <summary>By the writer: see <see cref="IOutputRecords"/>.</summary>
    public void CutAtFlushes() => _flushes ??= new ConcurrentQueue<long>();

    /// <summary>By the loop: how many of the next bytes may be in one record.</summary>
    public int RecordLength(int length)
    {
        if (_flushes is not { } flushes)
            return length;
        while (flushes.TryPeek(out long end))
        {
            if (end > _chain.Consumed)
                return (int)Math.Min(length, end - _chain.Consumed);
            flushes.TryDequeue(out _);
        }

        return length;
    }

    /// <summary>By the loop, after it has consumed: lets a writer go on that waits for room. The writer may run before this returns.</summary>
    public void Drained()
    {
        if (_chain.Unread <= LowWater && Volatile.Read(ref _waiting) == 1 && Interlocked.CompareExchange(ref _waiting, 0, 1) == 1)
            Wake(owner.ContinuesOnLoop);
    }

    /// <summary>On the loop, by the writer: completes at the end of the loop's next turn with this output.</summary>
    public ValueTask NextTurnAsync()
    {
        if (_ended || _chain.Unread == 0)
            return ValueTask.CompletedTask;
        _turn.Reset();
        _awaitsTurn = true;
        return new ValueTask(this, _turn.Version);
    }

    /// <summary>By the loop: it has sent what it could. A writer that waited for this runs before it returns.</summary>
    public void EndTurn()
    {
        if (!_awaitsTurn)
            return;
        _awaitsTurn = false;
        _turn.SetResult(true);
    }

    /// <summary>By the loop: nothing is sent any more. Flushes say so.</summary>
    public void End()
    {
        if (_ended)
            return;
        _ended = true;
        _chain.Close();
        EndTurn();
        if (Interlocked.CompareExchange(ref _waiting, 0, 1) == 1)
            Wake(owner.ContinuesOnLoop);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => _chain.Reserve(Math.Max(sizeHint, 1), out int offset).From(offset);

    public override Span<byte> GetSpan(int sizeHint = 0) => _chain.Reserve(Math.Max(sizeHint, 1), out int offset).SpanFrom(offset);

    /// <inheritdoc cref="BlockChain.Reserve(Span{Interop.LibC.Vector}, int)"/>
    public int Reserve(Span<Interop.LibC.Vector> rooms, int atLeast) => _chain.Reserve(rooms, atLeast);

    public override void Advance(int bytes) => _chain.Advance(bytes);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        bool news = _chain.Uncommitted > 0;
        // Before the loop can see the bytes.
        if (news && !_ended)
            _flushes?.Enqueue(_chain.Committed + _chain.Uncommitted);
        _chain.Commit();
        if (_ended)
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: true));
        if (news)
            owner.OutputFlushed();
        if (Volatile.Read(ref _canceled) == 1 && Interlocked.Exchange(ref _canceled, 0) == 1)
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: true, isCompleted: false));
        if (_chain.Unread < HighWater)
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: false));
        _source.Reset();
        Interlocked.Exchange(ref _waiting, 1);
        // What the loop did before it could see this writer wait.
        if ((_chain.Unread <= LowWater || _ended || Volatile.Read(ref _canceled) == 1) && Interlocked.CompareExchange(ref _waiting, 0, 1) == 1)
            return new ValueTask<FlushResult>(Result());
        var pending = new ValueTask<FlushResult>(this, _source.Version);
        return cancellationToken.CanBeCanceled ? CancelableAsync(pending, cancellationToken) : pending;
    }

    public override void CancelPendingFlush()
    {
        Interlocked.Exchange(ref _canceled, 1);
        if (Interlocked.CompareExchange(ref _waiting, 0, 1) == 1)
            Wake(inline: false);
    }

    // What was written and not flushed is sent as well, as with any pipe.
    public override void Complete(Exception? exception = null)
    {
        if (_chain.Uncommitted == 0)
        {
            _chain.Commit();
            return;
        }

        _chain.Commit();
        owner.OutputFlushed();
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        _source.GetResult(token);
        return Result();
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.GetResult(short token) => _turn.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _turn.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _turn.OnCompleted(continuation, state, token, flags);

    private FlushResult Result() => new(Volatile.Read(ref _canceled) == 1 && Interlocked.Exchange(ref _canceled, 0) == 1, _ended);

    private void Wake(bool inline)
    {
        _source.RunContinuationsAsynchronously = !inline;
        _source.SetResult(true);
    }

    private async ValueTask<FlushResult> CancelableAsync(ValueTask<FlushResult> pending, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static writer => ((LoopOutput)writer!).CancelPendingFlush(), this);
        FlushResult result = await pending;
        return result.IsCanceled && cancellationToken.IsCancellationRequested ? throw new OperationCanceledException(cancellationToken) : result;
    }
}
