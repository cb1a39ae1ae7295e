using Actors443.Connections;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Routing.Conversations;

/// <summary>To the actor of a protocol (<see cref="Hosting.Actors443Options.MapProtocol{TActor}"/>): a client has agreed upon it. The conversation is this actor's, or that of whom it hands it to
/// (<see cref="ProtocolConnection.HandTo"/>). Nothing is read until it asks (<see cref="ProtocolConnection.Read"/>). Only within the process, like all messages here.</summary>
/// <param name="Connection">Who it is, and how to answer.</param>
public sealed record ProtocolOpened(ProtocolConnection Connection) : INoSerializationVerificationNeeded;

/// <summary>To the actor of a conversation: what the client has said; one for each that was asked for.</summary>
/// <param name="Connection">Of whom.</param>
/// <param name="Bytes">1 to 32768, in any pieces; the actor's own, to be kept if it likes.</param>
public sealed record BytesReceived(ProtocolConnection Connection, ReadOnlyMemory<byte> Bytes) : INoSerializationVerificationNeeded;

/// <summary>To the actor of a conversation, instead of bytes: the client has said all, and may still listen. The actor says what it has to say, and then
/// <see cref="ProtocolConnection.Close"/>.</summary>
/// <param name="Connection">Of whom.</param>
public sealed record InputEnded(ProtocolConnection Connection) : INoSerializationVerificationNeeded;

/// <summary>To the actor of a conversation: what was written with this acknowledgement is on its way. Whoever waits for it before it writes more never makes bytes pile up.</summary>
/// <param name="Connection">To whom.</param>
/// <param name="Acknowledgement">As it was given.</param>
public sealed record BytesWritten(ProtocolConnection Connection, object Acknowledgement) : INoSerializationVerificationNeeded;

/// <summary>To the actor of a conversation: the server stops, or the connection is to. It ends it when that is convenient; after <c>drain.deadline</c> it is cut off.</summary>
/// <param name="Connection">Which.</param>
public sealed record ProtocolDraining(ProtocolConnection Connection) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

/// <summary>To the actor of a conversation, last: it is over.</summary>
/// <param name="Connection">Which.</param>
/// <param name="Reason">Why.</param>
public sealed record ProtocolClosed(ProtocolConnection Connection, CloseReason Reason) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

/// <summary>To the actor that watches over a conversation: it is another's now.</summary>
internal sealed record HandConversation(IActorRef To) : INoSerializationVerificationNeeded, IDeadLetterSuppression;
