using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Security.Authentication;
using Actors443.Remoting.Frames;
using Actors443.Routing;
using Akka.Dispatch;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Actors443.Remoting.Associations;

/// <summary>
/// The frames of one association, both ways, on whatever carries them. Writes come from any thread, in their order, and are refused while too much waits; one turn takes all that have
/// come meanwhile, and yields after each slice. Reading begins when Akka listens. It can move to another wire: each side says that what follows comes by the other, and so nothing is lost
/// and the order stands.
/// </summary>
internal sealed class Association : IRunnable
{
    /// <summary>Bytes after which what was written is given on, and the other side's pace is waited for.</summary>
    private const int Slice = 64 * 1024;

    /// <summary>For the other side's last words once ours are said.</summary>
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(5);

    /// <summary>For the word that both know the other wire, once the other side has left this one.</summary>
    private static readonly TimeSpan MovePatience = TimeSpan.FromSeconds(30);

    private readonly int _queueLimit;
    private readonly int _maximumFrame;
    // Of the turn that writes, and of the one that reads, which change to another one after the other.
    private volatile IRoutedClient _output;
    private volatile IRoutedClient _input;
    private volatile Action<IRunnable> _runNear;
    private volatile TaskCompletionSource<Move> _moving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FrameReader _reader;
    private readonly AssociationCounts _counts;
    private readonly ConcurrentQueue<Queued> _queue = new();
    private readonly TaskCompletionSource _outputOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _read = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _unwritten;
    private long _queuedBytes;
    private int _ending;
    private int _slice;
    private volatile bool _isOver;
    private volatile bool _isDeaf;
    private bool _hasMoved;

    /// <param name="wire">What carries it.</param>
    /// <param name="runNear">Runs this where the wire is written to at least cost.</param>
    /// <param name="settings">How much may wait.</param>
    /// <param name="counts">Of the system.</param>
    public Association(IRoutedClient wire, Action<IRunnable> runNear, RemotingSettings settings, AssociationCounts counts)
    {
        _output = wire;
        _input = wire;
        _runNear = runNear;
        _queueLimit = settings.WriteQueue;
        _maximumFrame = settings.MaximumFrame;
        _reader = new FrameReader(settings.MaximumFrame);
        _counts = counts;
    }

    /// <summary>Why it ended, as the other side or the wire says; null: it has not, or this side wanted it to.</summary>
    public string? EndedBecause { get; private set; }

    /// <summary>It ended by a fault: of the wire, or of what was sent.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Called by whoever reads when the other side wants it to move to another wire.</summary>
    public Action? RenewalWanted { get; set; }

    /// <summary>It is ending, or has ended.</summary>
    public bool IsEnding => Volatile.Read(ref _ending) != 0;

    /// <summary>Akka's <see cref="AssociationHandle.Write"/>. False: it is over, or too much waits.</summary>
    public bool TryWrite(ByteString payload)
    {
        if (Volatile.Read(ref _ending) != 0 || _isOver)
            return false;
        int length = Frame.HeaderLength + payload.Length;
        long queued = Interlocked.Add(ref _queuedBytes, length);
        // One that is alone has room, however long.
        if (queued > _queueLimit && queued != length)
        {
            Interlocked.Add(ref _queuedBytes, -length);
            _counts.RefusedWrite();
            return false;
        }

        Add(new Queued(payload, null, null));
        return true;
    }

    /// <summary>Something of the transport's own.</summary>
    public void Say(ControlFrame frame) => Add(new Queued(null, frame, null));

    /// <summary>
    /// Moves to another wire, and the other side does the same: what was written so far is sent by the former, and what it has sent there is read first. One move at a time. False: it ended
    /// instead; else nothing touches the former wire any more.
    /// </summary>
    /// <param name="wire">On which both know of each other.</param>
    /// <param name="runNear">Runs this where that is written to at least cost.</param>
    /// <param name="first">The first on that wire; null: nothing of the transport's own.</param>
    public async Task<bool> MoveAsync(IRoutedClient wire, Action<IRunnable> runNear, ControlFrame? first)
    {
        var move = new Move(wire, runNear, first);
        if (IsEnding || !_moving.TrySetResult(move) || _isOver)
            return false;
        Add(new Queued(null, new ControlFrame(ControlKind.Moved), move));
        await Task.WhenAny(Task.WhenAll(move.OutputMoved.Task, move.InputMoved.Task), _broken.Task, _outputOver.Task);
        return move.OutputMoved.Task.IsCompleted && move.InputMoved.Task.IsCompleted;
    }

    /// <summary>Whether it is carried by this wire still, in either direction.</summary>
    public bool IsOn(IRoutedClient wire) => ReferenceEquals(_input, wire) || ReferenceEquals(_output, wire);

    /// <summary>Ends it in order: what was written is sent, then why it ends. Any thread, idempotent.</summary>
    public void End(ControlKind kind, string reason)
    {
        if (Interlocked.Exchange(ref _ending, 1) == 0)
            Say(new ControlFrame(kind, reason));
    }

    /// <summary>The same by Akka, which hears no more. Any thread, idempotent.</summary>
    public void Disassociate()
    {
        _isDeaf = true;
        End(ControlKind.Goodbye, "Akka has ended the association");
    }

    /// <summary>The wire is gone. Any thread, idempotent.</summary>
    public void Break()
    {
        // Whoever reads may not have seen why, or may not read.
        if (Interlocked.Exchange(ref _ending, 1) == 0 && EndedBecause is null)
            Fail("the connection broke");
        _isOver = true;
        _input.Input.CancelPendingRead();
        _output.Output.CancelPendingFlush();
        _outputOver.TrySetResult();
        _broken.TrySetResult();
    }

    /// <summary>Before messages: the next frame, which must be the transport's own.</summary>
    /// <exception cref="IOException">The wire has ended.</exception>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits any longer.</exception>
    public async Task<ControlFrame> ReadControlAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult read = await _input.Input.ReadAsync(cancellationToken);
            ReadOnlySequence<byte> rest = read.Buffer;
            FrameStatus status = _reader.TryRead(ref rest, out Frame frame);
            _input.Input.AdvanceTo(rest.Start);
            switch (status)
            {
                case FrameStatus.Complete:
                    return ControlFrame.TryDecode(frame.Body, out ControlFrame? said) ? said : throw new InvalidDataException("a frame of the transport's own that cannot be read");
                case FrameStatus.Bad:
                    throw new InvalidDataException(_reader.Problem);
                case FrameStatus.Incomplete when read.IsCompleted:
                    throw new IOException("the connection ended before the other side had said who it is");
                case FrameStatus.Incomplete when _isOver:
                    throw new IOException("the connection was ended");
            }
        }
    }

    /// <summary>Until it is over. Whoever listens is told what comes and, last, that it is over.</summary>
    /// <param name="listening">Completes when Akka listens.</param>
    /// <param name="look">Looks at messages until it answers false; throws <see cref="InvalidDataException"/> at one that must not be.</param>
    public async Task RunAsync(Task<IHandleEventListener> listening, Func<byte[], bool>? look)
    {
        await Task.WhenAny(listening, _broken.Task).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (listening.IsCompletedSuccessfully)
        {
            IHandleEventListener listener = await listening;
            await ReadAllAsync(listener, look);
            _read.TrySetResult();
            listener.Notify(new Disassociated(DisassociateInfo.Unknown));
        }
        else
        {
            _ = listening.ContinueWith(static listening => listening.Result.Notify(new Disassociated(DisassociateInfo.Unknown)), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        }

        End(ControlKind.Goodbye, "the other side has ended it");
        await FarewellAsync();
    }

    /// <summary>Until what was said last is sent, or nobody takes it.</summary>
    public async Task FarewellAsync()
    {
        await Task.WhenAny(_outputOver.Task, Task.Delay(FarewellPatience, CancellationToken.None));
        _isOver = true;
        _output.Output.CancelPendingFlush();
    }

    public void Run() => _ = WriteAllAsync();

    void IThreadPoolWorkItem.Execute() => Run();

    private static bool IsEndOfWire(Exception cause) => cause is IOException or OperationCanceledException or ObjectDisposedException or SocketException or InvalidOperationException or AuthenticationException;

    private void Add(in Queued queued)
    {
        _queue.Enqueue(queued);
        if (Interlocked.Increment(ref _unwritten) == 1)
            _runNear(this);
    }

    private async Task WriteAllAsync()
    {
        try
        {
            int taken;
            do
            {
                taken = 0;
                int bytes = 0;
                bool isLast = false;
                while (bytes < Slice && _queue.TryDequeue(out Queued next))
                {
                    taken++;
                    bytes += next.Payload is { } payload ? Frame.HeaderLength + payload.Length : 0;
                    if (_isOver || _outputOver.Task.IsCompleted)
                        continue;
                    ValueTask written = WriteAsync(next);
                    if (!written.IsCompletedSuccessfully)
                        await written;
                    isLast |= next.Control?.Kind is ControlKind.Goodbye or ControlKind.Refused;
                    if (next.Move is { } move)
                        await MoveOutputAsync(move);
                }

                await FlushAsync();
                Interlocked.Add(ref _queuedBytes, -bytes);
                if (!isLast)
                    continue;
                await _output.EndOutputAsync();
                _outputOver.TrySetResult();
                _ = GiveUpReadingAsync();
            }
            while (Interlocked.Add(ref _unwritten, -taken) > 0);
        }
        catch (Exception cause)
        {
            // Nobody takes it any more, and nothing is written after this; whoever reads finds the same, or what is wrong here.
            if (!IsEndOfWire(cause))
                Fail($"it cannot be written to ({cause.GetType().Name}: {cause.Message.TrimEnd('.')})");
            Break();
        }
    }

    private async ValueTask MoveOutputAsync(Move move)
    {
        await FlushAsync();
        _output = move.Wire;
        _runNear = move.RunNear;
        if (move.First is { } first)
            _output.Output.Write(first.Encode());
        move.OutputMoved.TrySetResult();
    }

    // The other side says goodbye in turn, as a rule.
    private async Task GiveUpReadingAsync()
    {
        await Task.WhenAny(_read.Task, Task.Delay(FarewellPatience, CancellationToken.None));
        _isOver = true;
        _input.Input.CancelPendingRead();
    }

    private ValueTask WriteAsync(in Queued next)
    {
        PipeWriter output = _output.Output;
        if (next.Control is { } control)
        {
            output.Write(control.Encode());
            return ValueTask.CompletedTask;
        }

        ByteString payload = next.Payload!;
        FrameReader.WriteHeader(output.GetSpan(Frame.HeaderLength), payload.Length, isControl: false);
        output.Advance(Frame.HeaderLength);
        _counts.Sent(payload.Length);
        _slice += Frame.HeaderLength;
        if (_slice + payload.Length >= Slice)
            return WriteLongAsync(payload.Memory);
        output.Write(payload.Span);
        _slice += payload.Length;
        return ValueTask.CompletedTask;
    }

    private async ValueTask WriteLongAsync(ReadOnlyMemory<byte> payload)
    {
        while (!payload.IsEmpty)
        {
            int count = Math.Clamp(Slice - _slice, 1, payload.Length);
            _output.Output.Write(payload.Span[..count]);
            payload = payload[count..];
            _slice += count;
            if (_slice >= Slice)
                await FlushAsync();
        }
    }

    private async ValueTask FlushAsync()
    {
        _slice = 0;
        FlushResult flushed = await _output.Output.FlushAsync();
        if (flushed.IsCompleted && !_isOver)
            throw new IOException("Nobody takes it any more.");
    }

    private async Task ReadAllAsync(IHandleEventListener listener, Func<byte[], bool>? look)
    {
        _reader.TakesMessages = true;
        try
        {
            while (!_isOver)
            {
                PipeReader input = _input.Input;
                ReadResult read = await input.ReadAsync(CancellationToken.None);
                ReadOnlySequence<byte> rest = read.Buffer;
                FrameStatus status;
                bool goesOn = true;
                while (goesOn && !_hasMoved && (status = _reader.TryRead(ref rest, out Frame frame)) != FrameStatus.Incomplete)
                {
                    if (status == FrameStatus.Bad)
                        throw new InvalidDataException(_reader.Problem);
                    goesOn = frame.IsControl ? Heed(frame.Body) : Pass(frame.Body, listener, ref look);
                }

                input.AdvanceTo(rest.Start);
                if (!goesOn)
                    return;
                if (_hasMoved)
                {
                    await MoveInputAsync();
                    continue;
                }

                if (!read.IsCompleted)
                    continue;
                if (Volatile.Read(ref _ending) == 0)
                    Fail("the connection ended without a goodbye");
                return;
            }
        }
        catch (InvalidDataException cause)
        {
            Fail(cause.Message);
            End(ControlKind.Refused, cause.Message);
        }
        catch (Exception cause) when (IsEndOfWire(cause))
        {
            if (!_isOver)
                Fail($"the connection broke ({cause.Message.TrimEnd('.')})");
            Break();
        }
    }

    private bool Pass(byte[] body, IHandleEventListener listener, ref Func<byte[], bool>? look)
    {
        if (look?.Invoke(body) == false)
            look = null;
        _counts.Received(body.Length);
        if (_isDeaf)
            return true;
        listener.Notify(new InboundPayload(UnsafeByteOperations.UnsafeWrap(body)));
        return true;
    }

    // False: nothing follows.
    private bool Heed(byte[] body)
    {
        if (!ControlFrame.TryDecode(body, out ControlFrame? said))
            throw new InvalidDataException("a frame of the transport's own that cannot be read");
        if (said.Kind == ControlKind.Renew)
            RenewalWanted?.Invoke();
        _hasMoved = said.Kind == ControlKind.Moved;
        if (said.Kind is not (ControlKind.Goodbye or ControlKind.Refused))
            return true;
        EndedBecause = said.TextAt(0);
        HasFailed = said.Kind == ControlKind.Refused;
        return false;
    }

    // Ours may have still to hear on the other wire that the other side agrees, which it has said before.
    private async Task MoveInputAsync()
    {
        _hasMoved = false;
        Task<Move> moving = _moving.Task;
        await Task.WhenAny(moving, _broken.Task, Task.Delay(MovePatience, CancellationToken.None));
        if (!moving.IsCompletedSuccessfully)
            throw new InvalidDataException("it moves to another connection, and there is none");
        Move move = await moving;
        _reader = new FrameReader(_maximumFrame) { TakesMessages = true };
        _input = move.Wire;
        await Task.WhenAny(move.OutputMoved.Task, _broken.Task, _outputOver.Task);
        _moving = new TaskCompletionSource<Move>(TaskCreationOptions.RunContinuationsAsynchronously);
        move.InputMoved.TrySetResult();
    }

    private void Fail(string why)
    {
        EndedBecause = why;
        HasFailed = true;
    }

    private readonly record struct Queued(ByteString? Payload, ControlFrame? Control, Move? Move);

    private sealed record Move(IRoutedClient Wire, Action<IRunnable> RunNear, ControlFrame? First)
    {
        public TaskCompletionSource OutputMoved { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource InputMoved { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
