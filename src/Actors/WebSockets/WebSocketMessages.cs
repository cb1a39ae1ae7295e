using System.Net.WebSockets;
using System.Text;
using Actors443.Requests;
using Akka.Actor;
using Akka.Event;

namespace Actors443.WebSockets;

/// <summary>To the actor: a WebSocket has opened. Its sender is the socket: tell it <see cref="WebSocketSend"/>, <see cref="WebSocketAck"/> and <see cref="CloseWebSocket"/>, or watch it.</summary>
/// <param name="Request">What the client came with.</param>
public sealed record WebSocketOpened(ActorRequest Request) : INoSerializationVerificationNeeded;

/// <summary>To the actor: a whole message of the client. Answer with <see cref="WebSocketAck"/>, or no further one is read.</summary>
/// <param name="Data">Its own copy.</param>
/// <param name="IsText">UTF-8 text, else bytes.</param>
public sealed record WebSocketReceived(ReadOnlyMemory<byte> Data, bool IsText) : INoSerializationVerificationNeeded
{
    /// <summary>The message as text.</summary>
    public string Text => Encoding.UTF8.GetString(Data.Span);
}

/// <summary>To the socket: a message has been dealt with, and the next may be read.</summary>
public sealed record WebSocketAck : INoSerializationVerificationNeeded, INotInfluenceReceiveTimeout, IDeadLetterSuppression
{
    /// <summary>The one instance.</summary>
    public static WebSocketAck Instance { get; } = new();
}

/// <summary>To the socket: send a message. One instance may be told to any number of sockets.</summary>
/// <param name="Data">Not changed any more once told.</param>
/// <param name="IsText">UTF-8 text, else bytes.</param>
/// <param name="Ack">Told back once the connection has taken the message; null: nothing. Whoever waits for it goes at the pace of the client.</param>
public sealed record WebSocketSend(ReadOnlyMemory<byte> Data, bool IsText = false, object? Ack = null) : INoSerializationVerificationNeeded, INotInfluenceReceiveTimeout, IDeadLetterSuppression
{
    /// <summary>A message of text.</summary>
    public static WebSocketSend Text(string text, object? ack = null) => new(Encoding.UTF8.GetBytes(text ?? throw new ArgumentNullException(nameof(text))), true, ack);
}

/// <summary>To the socket: close it in order, after what was told before.</summary>
/// <param name="Status">The close code (RFC 6455 7.4).</param>
/// <param name="Description">At most 123 bytes of UTF-8.</param>
public sealed record CloseWebSocket(WebSocketCloseStatus Status = WebSocketCloseStatus.NormalClosure, string? Description = null) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

/// <summary>To the actor, as the last of a socket: it has closed.</summary>
/// <param name="Status">The client's close code, or ours if we closed it; null: it was cut off.</param>
/// <param name="Description">In words; null: nothing was said.</param>
public sealed record WebSocketClosed(WebSocketCloseStatus? Status, string? Description) : INoSerializationVerificationNeeded, IDeadLetterSuppression;
