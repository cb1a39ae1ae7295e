using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace Actors443.Engine.EventLoop.Pipes;

/// <summary>Decrypted bytes on their way from the loop to the application. The loop writes; one reader, on any thread, reads.</summary>
internal sealed class LoopInput(IPipeOwner owner, BlockPool pool) : PipeReader, IValueTaskSource<ReadResult>
{
    /// <summary>Bytes that the reader has not looked at from which on the socket is not read, and below which it is again.</summary>
    private const int HighWater = 128 * 1024;
    private const int LowWater = 64 * 1024;

    private BlockChain _chain = new(pool);
    private ManualResetValueTaskSourceCore<bool> _source;
    private long _examined;
    private int _waiting;
    private int _canceled;
    private int _paused;
    private volatile bool _ended;
    private Exception? _failure;

    /// <summary>By the loop: the socket is better left alone until <see cref="IPipeOwner.InputWanted"/>.</summary>
    public bool IsFull
    {
        get
        {
            if (Unexamined < HighWater || _chain.IsClosed)
                return false;
            Interlocked.Exchange(ref _paused, 1);
            // It may have been read meanwhile.
            return Unexamined >= LowWater || Interlocked.Exchange(ref _paused, 0) == 0;
        }
    }

    /// <summary>By the loop: nobody reads any more.</summary>
    public bool IsAbandoned => _chain.IsClosed;

    /// <summary>By the loop: where the next bytes go.</summary>
    public unsafe byte* Reserve(out int room)
    {
        // A record's rest must not be cut into crumbs.
        Block block = _chain.Reserve(1024, out int offset);
        room = block.Capacity - offset;
        return block.Address + offset;
    }

    public void Advance(int count) => _chain.Advance(count);

    /// <summary>By the loop: what was written may be read, from now on. The reader may run before this returns.</summary>
    public void Publish()
    {
        _chain.Commit();
        Signal();
    }

    /// <summary>As <see cref="Publish"/>, before more is written to the room that was reserved.</summary>
    public void PublishPart()
    {
        _chain.CommitPart();
        Signal();
    }

    /// <summary>By the loop: no more bytes come. With a failure, reading throws it once all is read.</summary>
    public void End(Exception? failure)
    {
        if (_ended)
            return;
        _chain.Commit();
        _failure = failure;
        _ended = true;
        Signal();
    }

    public override bool TryRead(out ReadResult result)
    {
        bool canceled = TakeCanceled();
        if (!canceled && !HasNews)
        {
            result = default;
            return false;
        }

        result = Result(canceled);
        return true;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (TryRead(out ReadResult result))
            return new ValueTask<ReadResult>(result);
        cancellationToken.ThrowIfCancellationRequested();
        _source.Reset();
        Interlocked.Exchange(ref _waiting, 1);
        if ((HasNews || Volatile.Read(ref _canceled) == 1) && Interlocked.CompareExchange(ref _waiting, 0, 1) == 1)
            return new ValueTask<ReadResult>(Result(TakeCanceled()));
        var pending = new ValueTask<ReadResult>(this, _source.Version);
        return cancellationToken.CanBeCanceled ? CancelableAsync(pending, cancellationToken) : pending;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        long seen = Math.Max(_chain.Consumed + _chain.DistanceTo(examined), _examined);
        _chain.ConsumeTo(consumed);
        // A full fence: the loop either sees this or has been seen to pause.
        Interlocked.Exchange(ref _examined, seen);
        if (Volatile.Read(ref _paused) == 1 && Unexamined < LowWater && Interlocked.Exchange(ref _paused, 0) == 1)
            owner.InputWanted();
    }

    public override void CancelPendingRead()
    {
        Interlocked.Exchange(ref _canceled, 1);
        if (Interlocked.CompareExchange(ref _waiting, 0, 1) == 1)
            Wake(inline: false);
    }

    public override void Complete(Exception? exception = null)
    {
        _chain.Close();
        if (Interlocked.Exchange(ref _paused, 0) == 1)
            owner.InputWanted();
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _source.GetResult(token);
        return Result(TakeCanceled());
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    // What a reader has examined and left it cannot use without more: it does not count, as with any pipe.
    private long Unexamined => _chain.Committed - Volatile.Read(ref _examined);

    private bool HasNews => _ended || _chain.Committed > _examined;

    private void Signal()
    {
        if (Interlocked.CompareExchange(ref _waiting, 0, 1) == 1)
            Wake(owner.ContinuesOnLoop);
    }

    private void Wake(bool inline)
    {
        _source.RunContinuationsAsynchronously = !inline;
        _source.SetResult(true);
    }

    private bool TakeCanceled() => Volatile.Read(ref _canceled) == 1 && Interlocked.Exchange(ref _canceled, 0) == 1;

    private ReadResult Result(bool canceled)
    {
        // In this order: what was committed before the end is seen.
        bool ended = _ended;
        ReadOnlySequence<byte> bytes = _chain.IsClosed ? ReadOnlySequence<byte>.Empty : _chain.ToSequence();
        if (ended && bytes.IsEmpty && !canceled && _failure is { } failure)
            throw failure;
        return new ReadResult(bytes, canceled, ended);
    }

    private async ValueTask<ReadResult> CancelableAsync(ValueTask<ReadResult> pending, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static reader => ((LoopInput)reader!).CancelPendingRead(), this);
        ReadResult result = await pending;
        if (!result.IsCanceled || !cancellationToken.IsCancellationRequested)
            return result;
        AdvanceTo(result.Buffer.Start);
        throw new OperationCanceledException(cancellationToken);
    }
}
