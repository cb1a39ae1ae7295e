using System.Buffers;
using System.IO.Pipelines;
using Actors443.Engine;

namespace Actors443.Tunnels.Sessions;

/// <summary>How the work on one carrier ended.</summary>
internal enum CarrierEnd
{
    /// <summary>Both sides have said all, and each knows that the other has it.</summary>
    Complete,

    /// <summary>The carrier was lost; the link goes on with the next.</summary>
    Lost,

    /// <summary>The link is over: one side reset it, or spoke nonsense.</summary>
    Reset,
}

/// <summary>
/// One end of a connection that outlives the carriers it goes over. Both ends are the same: what is sent is kept until the other side confirms that it was handed on, and is sent
/// again on the next carrier from where that side had got to. What comes waits here for whoever takes it, so that a slow taker never keeps confirmations from being
/// read; the sender's window bounds it. One carrier at a time; one sender.
/// </summary>
internal sealed class ResumableLink
{
    /// <summary>Bytes that a side may have sent and the other not confirmed.</summary>
    public const int LargestWindow = 16 * 1024 * 1024;

    private const int MostInFrame = 16 * 1024;
    private const int MostBeforeFlush = 64 * 1024;

    private readonly ReplayBuffer _kept;
    private readonly int _mostAhead;
    private readonly Func<ReadOnlyMemory<byte>, ValueTask> _deliver;
    private readonly Action _deliverEnd;
    private readonly Pipe _incoming = new(new PipeOptions(pauseWriterThreshold: 0, resumeWriterThreshold: 0, useSynchronizationContext: false));
    private readonly AsyncSignal _room = new();
    private readonly AsyncSignal _news = new();
    private long _accepted;
    private long _delivered;
    private bool _localEnded;
    private bool _localEndConfirmed;
    private bool _peerEnded;
    private bool _endDelivered;
    private bool _reset;
    private Carrier? _carrier;

    /// <param name="window">Bytes kept at most: beyond it the sender waits.</param>
    /// <param name="peerWindow">What the other side keeps at most: more than that unconfirmed ends the link.</param>
    /// <param name="deliver">Takes what comes, and completes when it may have more.</param>
    /// <param name="deliverEnd">The other side has said all.</param>
    public ResumableLink(int window, int peerWindow, Func<ReadOnlyMemory<byte>, ValueTask> deliver, Action deliverEnd)
    {
        _kept = new ReplayBuffer(window);
        _mostAhead = peerWindow;
        _deliver = deliver;
        _deliverEnd = deliverEnd;
        Delivering = DeliverAsync();
    }

    /// <summary>Completes when nothing more is handed on.</summary>
    public Task Delivering { get; }

    /// <summary>Positions received: where the other side is to go on, on a new carrier.</summary>
    public long Received => Volatile.Read(ref _accepted);

    /// <summary>Bytes that went over the last carrier, those among them that were sent again.</summary>
    public long SentOverLast { get; private set; }

    public bool IsReset => Volatile.Read(ref _reset);

    private bool IsComplete => Volatile.Read(ref _localEndConfirmed) && Volatile.Read(ref _endDelivered);

    /// <summary>Sends bytes, over this carrier or the next; completes when all are kept. False: the link is over.</summary>
    public async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (IsReset)
                return false;
            int count = _kept.Append(bytes.Span);
            bytes = bytes[count..];
            if (count > 0)
                _news.Set();
            else
                await _room.WaitAsync();
        }

        return !IsReset;
    }

    /// <summary>This side has said all.</summary>
    public void EndSending()
    {
        Volatile.Write(ref _localEnded, true);
        _news.Set();
    }

    /// <summary>Ends it in disorder; the other side is told if there is a carrier. Idempotent, any thread.</summary>
    public void Reset()
    {
        Volatile.Write(ref _reset, true);
        _news.Set();
        _room.Set();
        _incoming.Reader.CancelPendingRead();
    }

    /// <summary>Gives up the carrier it has. Any thread.</summary>
    public void Drop()
    {
        Volatile.Read(ref _carrier)?.Lose(cut: true);
        _news.Set();
    }

    /// <summary>Works over one carrier until that is lost or all is over.</summary>
    /// <param name="carrier">Its pipes, which are not completed here.</param>
    /// <param name="peerReceived">What the other side has told as its <see cref="Received"/>.</param>
    /// <param name="abandon">Cuts the carrier, so that nobody waits for it any more. Called from any thread, once at most, and not if all that was said shall arrive.</param>
    public async Task<CarrierEnd> CarryAsync(IDuplexPipe carrier, long peerReceived, Action abandon)
    {
        SentOverLast = 0;
        if (peerReceived < _kept.Confirmed || peerReceived > _kept.End + (Volatile.Read(ref _localEnded) ? 1 : 0))
        {
            Reset();
            return CarrierEnd.Reset;
        }

        var work = new Carrier(carrier, abandon) { Sent = peerReceived };
        Volatile.Write(ref _carrier, work);
        Task reading = ReadAsync(work);
        await Task.WhenAll(reading, WriteAsync(work));
        // The end has a position of its own.
        SentOverLast = Math.Min(work.Sent, _kept.End) - peerReceived;
        return IsReset ? CarrierEnd.Reset : IsComplete ? CarrierEnd.Complete : CarrierEnd.Lost;
    }

    private async Task WriteAsync(Carrier work)
    {
        PipeWriter output = work.Pipe.Output;
        try
        {
            long confirmed = -1;
            while (!work.IsLost)
            {
                if (IsReset)
                {
                    SessionFrame.WriteHead(output, SessionFrameKind.Reset, 0);
                    await output.FlushAsync(CancellationToken.None);
                    work.HasSaidAll = true;
                    return;
                }

                // In this order: what completes it is confirmed before it is left.
                bool isComplete = IsComplete;
                long delivered = Volatile.Read(ref _delivered);
                int written = 0;
                if (delivered != confirmed)
                {
                    SessionFrame.WriteConfirm(output, delivered);
                    confirmed = delivered;
                    written++;
                }

                // In this order: what was appended before the end is seen.
                bool ended = Volatile.Read(ref _localEnded);
                while (work.Sent < _kept.End && written < MostBeforeFlush)
                    written += WriteData(output, work);
                if (ended && work.Sent == _kept.End)
                {
                    SessionFrame.WriteHead(output, SessionFrameKind.End, 0);
                    work.Sent++;
                    written++;
                }

                if (written > 0)
                {
                    FlushResult flush = await output.FlushAsync(CancellationToken.None);
                    if (flush.IsCompleted)
                        return;
                }
                else if (isComplete)
                {
                    work.HasSaidAll = true;
                    return;
                }
                else
                {
                    await _news.WaitAsync();
                }
            }
        }
        catch (Exception cause) when (IsLoss(cause))
        {
            // The link goes on with another carrier.
        }
        finally
        {
            work.Lose(cut: !work.HasSaidAll);
        }
    }

    private int WriteData(PipeWriter output, Carrier work)
    {
        ReadOnlySpan<byte> bytes = _kept.From(work.Sent);
        if (bytes.Length > MostInFrame)
            bytes = bytes[..MostInFrame];
        SessionFrame.WriteHead(output, SessionFrameKind.Data, bytes.Length);
        output.Write(bytes);
        work.Sent += bytes.Length;
        return bytes.Length;
    }

    private async Task ReadAsync(Carrier work)
    {
        PipeReader input = work.Pipe.Input;
        try
        {
            while (!work.IsLost)
            {
                ReadResult read = await input.ReadAsync(CancellationToken.None);
                ReadOnlySequence<byte> buffer = read.Buffer;
                while (SessionFrame.TryRead(ref buffer, out SessionFrameKind kind, out ReadOnlySequence<byte> payload))
                    await TakeAsync(kind, payload);
                input.AdvanceTo(buffer.Start, buffer.End);
                _news.Set();
                if (IsReset || (IsComplete && work.Sent > _kept.End))
                    return;
                if (read.IsCompleted)
                    return;
            }
        }
        catch (InvalidDataException)
        {
            Reset();
        }
        catch (Exception cause) when (IsLoss(cause))
        {
            // The link goes on with another carrier.
        }
        finally
        {
            // Once all is over, that has still to be written.
            if (!IsComplete && !IsReset)
                work.Lose(cut: true);
            _news.Set();
        }
    }

    private async ValueTask TakeAsync(SessionFrameKind kind, ReadOnlySequence<byte> payload)
    {
        switch (kind)
        {
            case SessionFrameKind.Data when !_peerEnded:
                if (_accepted + payload.Length - Volatile.Read(ref _delivered) > _mostAhead)
                    throw new InvalidDataException("More was sent than has been confirmed.");
                foreach (ReadOnlyMemory<byte> part in payload)
                    _incoming.Writer.Write(part.Span);
                Volatile.Write(ref _accepted, _accepted + payload.Length);
                // There is no threshold to wait for.
                await _incoming.Writer.FlushAsync(CancellationToken.None);
                break;
            case SessionFrameKind.End when !_peerEnded:
                Volatile.Write(ref _peerEnded, true);
                Volatile.Write(ref _accepted, _accepted + 1);
                await _incoming.Writer.CompleteAsync();
                break;
            case SessionFrameKind.Confirm:
                if (!Confirm(SessionFrame.ReadConfirm(payload)))
                    throw new InvalidDataException("What was never sent is confirmed.");
                break;
            case SessionFrameKind.Reset:
                Reset();
                break;
            default:
                throw new InvalidDataException("There is more after the end.");
        }
    }

    private async Task DeliverAsync()
    {
        PipeReader incoming = _incoming.Reader;
        while (!IsReset)
        {
            ReadResult read = await incoming.ReadAsync(CancellationToken.None);
            foreach (ReadOnlyMemory<byte> part in read.Buffer)
            {
                if (IsReset)
                    break;
                await _deliver(part);
                Volatile.Write(ref _delivered, _delivered + part.Length);
                _news.Set();
            }

            incoming.AdvanceTo(read.Buffer.End);
            if (!read.IsCompleted || IsReset)
                continue;
            _deliverEnd();
            Volatile.Write(ref _delivered, _delivered + 1);
            Volatile.Write(ref _endDelivered, true);
            _news.Set();
            break;
        }

        await incoming.CompleteAsync();
    }

    private bool Confirm(long position)
    {
        long end = _kept.End;
        if (position == end + 1 && Volatile.Read(ref _localEnded))
        {
            Volatile.Write(ref _localEndConfirmed, true);
            position = end;
        }

        bool isPossible = _kept.Confirm(position);
        _room.Set();
        return isPossible;
    }

    private static bool IsLoss(Exception cause) => cause is IOException or OperationCanceledException or ObjectDisposedException or System.Net.Sockets.SocketException;

    private sealed class Carrier(IDuplexPipe pipe, Action abandon)
    {
        private int _lost;

        public IDuplexPipe Pipe => pipe;

        /// <summary>Position of the next byte to be sent; the end counts as one.</summary>
        public long Sent { get; set; }

        /// <summary>By the writer: nothing more is to be sent.</summary>
        public bool HasSaidAll { get; set; }

        public bool IsLost => Volatile.Read(ref _lost) != 0;

        public void Lose(bool cut)
        {
            if (Interlocked.Exchange(ref _lost, 1) != 0)
                return;
            if (cut)
                abandon();
            pipe.Input.CancelPendingRead();
        }
    }
}
