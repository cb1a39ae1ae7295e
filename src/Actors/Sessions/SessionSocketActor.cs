using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Actors443.Telemetry;
using Actors443.WebSockets;
using Akka.Actor;

namespace Actors443.Sessions;

/// <summary>
/// One WebSocket of a session, between the socket and the session, wherever that lives. Control messages are texts: from the server, first, SYN (U+0016) and the number of messages
/// before the one that follows; from the client ACK (U+0006) and how many it has got.
/// </summary>
internal sealed class SessionSocketActor(string session, IActorRef home, bool mayBegin, string? principal) : ActorBase
{
    public const char Position = '\u0016';
    public const char Confirmation = '\u0006';

    // 1013 has no name of its own in .NET.
    public const WebSocketCloseStatus TryAgainLater = (WebSocketCloseStatus)1013;

    public static readonly TimeSpan AttachWithin = TimeSpan.FromSeconds(10);

    private IActorRef _socket = ActorRefs.Nobody;
    private long _next;
    private readonly Queue<SessionSaid> _early = new();
    private IActorRef _session = ActorRefs.Nobody;

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case WebSocketOpened opened:
                _socket = Sender;
                Attach(opened);
                return true;
            case SessionPosition position:
                Context.SetReceiveTimeout(null);
                _next = position.Count;
                _session = Context.Watch(Sender);
                _socket.Tell(WebSocketSend.Text(string.Create(CultureInfo.InvariantCulture, $"{Position}{position.Count}")), Self);
                while (_early.TryDequeue(out SessionSaid? said))
                    _session.Tell(said, Self);
                return true;
            case SessionPush push when push.Number != _next:
                // What goes from node to node may be lost. The client comes back and is sent it again.
                Close(TryAgainLater, "a message was lost between servers");
                return true;
            case SessionPush push:
                _next++;
                _socket.Tell(new WebSocketSend(push.Data, push.IsText), Self);
                return true;
            case SessionTaken:
                _socket.Tell(WebSocketAck.Instance, Self);
                return true;
            case WebSocketReceived received when received.IsText && received.Data.Span is [(byte)Confirmation, ..]:
                OnConfirmed(received.Data.Span[1..]);
                return true;
            case WebSocketReceived received when _session.IsNobody():
                // As many as the route's window, for none is acknowledged.
                _early.Enqueue(Said(received));
                return true;
            case WebSocketReceived received:
                _session.Tell(Said(received), Self);
                return true;
            case SessionRefused refused:
                Close((WebSocketCloseStatus)refused.Status, refused.Description);
                return true;
            case Terminated:
                Close(WebSocketCloseStatus.InternalServerError, "the session has ended");
                return true;
            case ReceiveTimeout:
                Close(TryAgainLater, "the session cannot be reached");
                return true;
            case WebSocketClosed:
                // Its route stops this actor now.
                return true;
            default:
                return false;
        }
    }

    private void Attach(WebSocketOpened opened)
    {
        if (!ReceivedCount.TryRead(opened.Request.Query["received"], out long received))
        {
            Close(WebSocketCloseStatus.PolicyViolation, "received is no number");
            return;
        }

        // In case the node that has it dies now.
        Context.SetReceiveTimeout(AttachWithin);
        home.Tell(new SessionEnvelope(session, new AttachSession(SessionConnection.Of(opened.Request, principal), received, mayBegin) { Trace = WireTrace.Of(opened) }), Self);
    }

    private static SessionSaid Said(WebSocketReceived received) => new(received.Data, received.IsText) { Trace = WireTrace.Of(received) };

    private void OnConfirmed(ReadOnlySpan<byte> count)
    {
        _socket.Tell(WebSocketAck.Instance, Self);
        if (long.TryParse(Encoding.ASCII.GetString(count), NumberStyles.None, CultureInfo.InvariantCulture, out long confirmed))
            _session.Tell(new SessionConfirmed(confirmed), Self);
        else
            Close(WebSocketCloseStatus.PolicyViolation, "a confirmation is no number");
    }

    private void Close(WebSocketCloseStatus status, string description)
    {
        Context.SetReceiveTimeout(null);
        _socket.Tell(new CloseWebSocket(status, description), Self);
    }
}
