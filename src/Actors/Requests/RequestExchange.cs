using System.Text;
using Actors443.Connections;
using Actors443.Engine;
using Akka.Actor;

namespace Actors443.Requests;

/// <summary>
/// One request and its answer: the sender of the <see cref="ActorRequest"/>. Any thread tells it; the request's own reads.
/// </summary>
internal sealed class RequestExchange(IActorRefProvider provider, ICanTell target) : LightActorRef(provider)
{
    private const int MostPushed = 64 * 1024;

    private readonly ConnectionMailbox.MessageQueue _inbox = new();
    private readonly AsyncSignal _told = new();
    private IActorRef? _reader;
    private IActorRef? _peer;
    private bool _isTold;
    private long _bodyCredit;
    private long _replyCredit;
    private int _pushed;

    /// <summary>Place in <see cref="RunningExchanges"/>.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>When its time is over; <see cref="long.MaxValue"/>: it is the client who is waited for.</summary>
    public long DueMs;

    /// <summary>When its budget of time is used up, whoever is waited for.</summary>
    public long EndMs { get; init; } = long.MaxValue;

    /// <summary>How many bytes its answer, or a chunk of it, may hold.</summary>
    public long MemoryLeft { get; init; } = long.MaxValue;

    public ICanTell Target => target;

    /// <summary>Who sends the streamed answer; null: none has begun.</summary>
    public IActorRef? Peer { get => Volatile.Read(ref _peer); set => Volatile.Write(ref _peer, value); }

    /// <summary>The request is in the actor's mailbox, or a dead letter.</summary>
    public bool IsTold { get => Volatile.Read(ref _isTold); set => Volatile.Write(ref _isTold, value); }

    /// <summary>Who has last asked for body.</summary>
    public IActorRef? Reader => Volatile.Read(ref _reader);

    /// <summary>Signalled when <see cref="BodyCredit"/> grows; null: the body is not a stream.</summary>
    public AsyncSignal? BodyAsked { get; init; }

    /// <summary>The answer is a stream of events, among which others may put theirs.</summary>
    public bool TakesPushes { get; init; }

    /// <summary>Bytes of the body the actor has asked for and not got.</summary>
    public long BodyCredit => Volatile.Read(ref _bodyCredit);

    /// <summary>The next message; false: none is there now.</summary>
    public bool TryTake(out Envelope told) => _inbox.TryDequeue(out told);

    /// <summary>Completes when there may be a message.</summary>
    public ValueTask ToldAsync() => _told.WaitAsync();

    public void GrantReply(int bytes) => Interlocked.Add(ref _replyCredit, bytes);

    /// <summary>So many bytes of <see cref="PushedEvent"/>s are on their way.</summary>
    public void TakePushed(int bytes) => Interlocked.Add(ref _pushed, -bytes);

    public void TakeBodyCredit(int bytes) => Interlocked.Add(ref _bodyCredit, -bytes);

    /// <summary>What goes wrong outside, told as if by the actor: the first to tell is heard.</summary>
    public void Fail(ExchangeFailure failure) => TellFailure(failure);

    public void TellFailure(object failure)
    {
        if (HasEnded)
            return;
        _inbox.Enqueue(this, new Envelope(failure, ActorRefs.NoSender));
        _told.Set();
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (HasEnded)
            return;
        if (message is ReadBody { Bytes: > 0 } read && BodyAsked is { } asked)
        {
            Volatile.Write(ref _reader, sender is null || sender.IsNobody() ? target as IActorRef : sender);
            Interlocked.Add(ref _bodyCredit, read.Bytes);
            asked.Set();
            return;
        }

        // A client comes back, to another server while this one drains.
        if (message is Drain && TakesPushes)
            message = ReplyEnd.Instance;
        if (message is Push push)
        {
            TakePush(push);
            return;
        }

        if (message is ServerSentEvent happened)
            message = new ReplyChunk(happened.Encode());
        // Counted here, so that what nobody has granted is never kept.
        if (message is ReplyChunk { Data.Length: var length } && Interlocked.Add(ref _replyCredit, -length) + length <= 0)
            message = new MoreThanGranted(length);
        _inbox.Enqueue(this, new Envelope(message, sender));
        _told.Set();
    }

    // Not of the actor's credit: it knows nothing of it.
    private void TakePush(Push push)
    {
        if (!TakesPushes)
            return;
        byte[] data = new ServerSentEvent(Encoding.UTF8.GetString(push.Data.Span)).Encode();
        if (Interlocked.Add(ref _pushed, data.Length) > MostPushed)
        {
            // A client that reads too slowly.
            TakePushed(data.Length);
            return;
        }

        _inbox.Enqueue(this, new Envelope(new PushedEvent(data), ActorRefs.NoSender));
        _told.Set();
    }
}

/// <summary>An event that somebody else than the actor put into its stream.</summary>
internal sealed record PushedEvent(ReadOnlyMemory<byte> Data);

/// <summary>In place of a <see cref="ReplyChunk"/> that the actor was not granted.</summary>
internal sealed record MoreThanGranted(long Bytes);

/// <summary>Why no answer will come.</summary>
internal enum ExchangeEnd
{
    /// <summary>The actor took too long.</summary>
    Timeout,

    /// <summary>Its budget of time is used up.</summary>
    OverTime,

    /// <summary>Nobody is there to get it.</summary>
    DeadLetter,

    /// <summary>The actor has stopped with the request in its hands.</summary>
    Stopped,

    /// <summary>The client does not wait any more.</summary>
    ClientGone,
}

internal sealed class ExchangeFailure
{
    private static readonly ExchangeFailure[] All = [.. Enum.GetValues<ExchangeEnd>().Select(end => new ExchangeFailure(end))];

    private ExchangeFailure(ExchangeEnd end) => End = end;

    public ExchangeEnd End { get; }

    public static ExchangeFailure For(ExchangeEnd end) => All[(int)end];
}
