using System.Text.Json;
using Actors443.WebSockets;
using Akka.Actor;

namespace Actors443.Samples.Chat;

/// <summary>The one room: every WebSocket is an actor reference, and what one says all are told.</summary>
internal sealed class Room : ReceiveActor
{
    private const int Remembered = 50;

    private readonly Dictionary<IActorRef, string> _members = [];
    private readonly Queue<WebSocketSend> _said = new();

    public Room()
    {
        Receive<WebSocketOpened>(OnOpened);
        Receive<WebSocketReceived>(OnReceived);
        Receive<WebSocketClosed>(_ => OnClosed());
    }

    private void OnOpened(WebSocketOpened opened)
    {
        string name = opened.Request.Query["name"].ToString() is { Length: > 0 and <= 40 } given ? given : "somebody";
        foreach (WebSocketSend said in _said)
            Sender.Tell(said);
        _members.Add(Sender, name);
        Say("", $"{name} has come; there are {_members.Count} here now.");
    }

    private void OnReceived(WebSocketReceived received)
    {
        // The next one is read only now: whoever floods the room waits for it.
        Sender.Tell(WebSocketAck.Instance);
        if (received.IsText && _members.TryGetValue(Sender, out string? name))
            Say(name, received.Text);
    }

    private void OnClosed()
    {
        if (_members.Remove(Sender, out string? name))
            Say("", $"{name} has gone; there are {_members.Count} here now.");
    }

    private void Say(string from, string text)
    {
        // One message for all.
        WebSocketSend message = WebSocketSend.Text(JsonSerializer.Serialize(new { from, text }));
        _said.Enqueue(message);
        if (_said.Count > Remembered)
            _said.Dequeue();
        foreach (IActorRef member in _members.Keys)
            member.Tell(message);
    }
}
