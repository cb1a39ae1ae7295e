using System.Text;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Connections;

/// <summary>
/// To a connection actor: say this to the client, unasked. Every WebSocket and every stream of events of routes to actors gets it as a message or an event, and a protocol that an actor
/// speaks as bytes. At most once: a client that reads too slowly, or has nothing of these open, does not get it.
/// </summary>
/// <param name="Data">Not to be changed any more once told.</param>
/// <param name="IsText">UTF-8 text, else bytes.</param>
public sealed record Push(ReadOnlyMemory<byte> Data, bool IsText = false) : IDeadLetterSuppression, INoSerializationVerificationNeeded
{
    /// <summary>A message of text.</summary>
    public static Push Text(string text) => new(Encoding.UTF8.GetBytes(text ?? throw new ArgumentNullException(nameof(text))), true);
}

/// <summary>To a connection actor: a conversation has begun on the connection; it is told what is pushed, and a <see cref="Drain"/>.</summary>
internal sealed record ConversationBegan(IActorRef Conversation) : IDeadLetterSuppression, INoSerializationVerificationNeeded;

/// <summary>To a connection actor: it is over.</summary>
internal sealed record ConversationEnded(IActorRef Conversation) : IDeadLetterSuppression, INoSerializationVerificationNeeded;
