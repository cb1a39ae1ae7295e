using System.Globalization;
using System.Text;
using Actors443.Requests;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Sessions;

/// <summary>
/// One stream of events (Server-Sent Events) as a connection of a session, wherever that lives. The id of an event is the number of messages that the client has got with it, so that it
/// says as Last-Event-ID what it has got when it comes back. The first event, <c>position</c>, says how many come before the next.
/// </summary>
internal sealed class SessionEventsActor(string session, IActorRef home, bool mayBegin, string? principal, int buffer) : ActorBase
{
    private readonly Queue<ServerSentEvent> _waiting = new();
    private IActorRef _client = ActorRefs.Nobody;
    private long _credit;
    private long _waitingBytes;
    private long _next;
    private bool _isEnding;

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case EventsOpened opened:
                _client = Sender;
                Attach(opened);
                return true;
            case ReplyCredit credit:
                _credit += credit.Bytes;
                Send();
                return true;
            case SessionPosition or SessionPush or SessionRefused or Terminated when _isEnding:
                return true;
            case SessionPosition position:
                Context.SetReceiveTimeout(null);
                Context.Watch(Sender);
                _next = position.Count;
                Add(new ServerSentEvent(Text(_next), "position", Text(_next)));
                return true;
            case SessionPush push when push.Number != _next:
                End("a message was lost between servers");
                return true;
            case SessionPush push:
                _next++;
                Add(push.IsText
                    ? new ServerSentEvent(Encoding.UTF8.GetString(push.Data.Span), null, Text(_next))
                    : new ServerSentEvent(Convert.ToBase64String(push.Data.Span), "binary", Text(_next)));
                return true;
            case SessionRefused refused:
                End(refused.Description);
                return true;
            case Terminated:
                End("the session has ended");
                return true;
            case ReceiveTimeout:
                End("the session cannot be reached");
                return true;
            case RequestAbandoned:
                // Its route stops this actor now.
                return true;
            default:
                return false;
        }
    }

    private static string Text(long count) => count.ToString(CultureInfo.InvariantCulture);

    private void Attach(EventsOpened opened)
    {
        if (!ReceivedCount.TryRead(opened.LastEventId ?? opened.Request.Query["received"], out long received))
        {
            End("received is no number");
            return;
        }

        // In case the node that has it dies now.
        Context.SetReceiveTimeout(SessionSocketActor.AttachWithin);
        home.Tell(new SessionEnvelope(session, new AttachSession(SessionConnection.Of(opened.Request, principal), received, mayBegin) { Trace = WireTrace.Of(opened) }), Self);
    }

    private void Add(ServerSentEvent happened)
    {
        _waiting.Enqueue(happened);
        _waitingBytes += happened.Encode().Length;
        Send();
        // It comes back, and is sent them again.
        if (_waitingBytes > buffer)
            _client.Tell(ReplyEnd.Instance, Self);
    }

    private void Send()
    {
        while (_credit > 0 && _waiting.TryDequeue(out ServerSentEvent? happened))
        {
            int length = happened.Encode().Length;
            _credit -= length;
            _waitingBytes -= length;
            _client.Tell(happened, Self);
        }

        if (_isEnding && _waiting.Count == 0)
            _client.Tell(ReplyEnd.Instance, Self);
    }

    // A browser would come back at once, whatever the reason: the page is told to decide.
    private void End(string why)
    {
        Context.SetReceiveTimeout(null);
        _isEnding = true;
        Add(new ServerSentEvent(why, "closed"));
    }
}
