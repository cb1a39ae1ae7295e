using System.Text.Json.Serialization;
using Actors443.Cluster.Messages;
using Actors443.Requests;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Sessions;

/// <summary>To the actor of a session: a connection of its client has come. Before it come no <see cref="WebSockets.WebSocketReceived"/>s.</summary>
/// <param name="Session">The session.</param>
/// <param name="Connection">What it came by.</param>
/// <param name="Missed">How many messages the client has missed for good: they were no longer kept.</param>
public sealed record SessionAttached(string Session, SessionConnection Connection, long Missed) : INoSerializationVerificationNeeded;

/// <summary>To the actor of a session: its client has no connection now. What is told meanwhile is kept, and sent when it comes back.</summary>
/// <param name="Session">The session.</param>
public sealed record SessionDetached(string Session) : INoSerializationVerificationNeeded;

/// <summary>A connection of a session, as plain facts.</summary>
/// <param name="Id">As in logs and <c>conns</c>; null on a server of another kind.</param>
/// <param name="Remote">The client's address; null: not known.</param>
/// <param name="Path">What was asked for.</param>
/// <param name="QueryString">With <c>?</c>; empty: none.</param>
/// <param name="Principal">Who the client is; null: it has said nothing.</param>
public sealed record SessionConnection(string? Id, string? Remote, string Path, string QueryString, string? Principal)
{
    internal static SessionConnection Of(ActorRequest request, string? principal) => new(request.ConnectionId, request.Remote?.ToString(), request.Path, request.QueryString, principal);
}

/// <summary>To the home of sessions: for one of them. A shard region takes the entity's id from it and passes on the message.</summary>
/// <param name="Session">Its id.</param>
/// <param name="Message">For it.</param>
public sealed record SessionEnvelope(string Session, [property: JsonConverter(typeof(SessionMessageConverter))] object Message) : IClusterMessage, INoSerializationVerificationNeeded;

/// <summary>What is in a <see cref="SessionEnvelope"/>.</summary>
[JsonDerivedType(typeof(FindSession), "find")]
[JsonDerivedType(typeof(AttachSession), "attach")]
[JsonDerivedType(typeof(PostToSession), "post")]
internal interface ISessionMessage;

/// <summary>To a session: answer whether there is one for this principal.</summary>
internal sealed record FindSession(string? Principal) : ISessionMessage, INoSerializationVerificationNeeded;

/// <summary>From a session: it is there, and the principal's.</summary>
internal sealed record SessionFound(bool IsThere) : IClusterMessage, INoSerializationVerificationNeeded;

/// <summary>To a session, from a socket: the client is here, and has got so many of its messages. Answered by <see cref="SessionPosition"/> or <see cref="SessionRefused"/>.</summary>
internal sealed record AttachSession(SessionConnection Connection, long Received, bool MayBegin) : ISessionMessage, INoSerializationVerificationNeeded
{
    /// <summary>Null: it is not traced.</summary>
    public WireTrace? Trace { get; init; }
}

/// <summary>To a session, from a request: what the client says by a request of its own, and how many messages it has got; null: it does not say. Answered by <see cref="SessionTaken"/> or <see cref="SessionRefused"/>.</summary>
internal sealed record PostToSession(SessionConnection Connection, ReadOnlyMemory<byte> Data, bool IsText, long? Received, bool MayBegin) : ISessionMessage, INoSerializationVerificationNeeded
{
    /// <summary>Null: it is not traced.</summary>
    public WireTrace? Trace { get; init; }
}

/// <summary>To a socket: what follows begins after so many messages.</summary>
internal sealed record SessionPosition(long Count) : IClusterMessage, INoSerializationVerificationNeeded;

/// <summary>To a socket: it is to be closed.</summary>
internal sealed record SessionRefused(int Status, string Description) : IClusterMessage, INoSerializationVerificationNeeded, IDeadLetterSuppression;

/// <summary>To a socket: a message for the client.</summary>
/// <param name="Number">How many were before it.</param>
/// <param name="Data">What it says.</param>
/// <param name="IsText">Whether that is text.</param>
internal sealed record SessionPush(long Number, ReadOnlyMemory<byte> Data, bool IsText) : IClusterMessage, INoSerializationVerificationNeeded, IDeadLetterSuppression;

/// <summary>To a socket, or a request: the session has dealt with its message.</summary>
internal sealed record SessionTaken : IClusterMessage, INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    public static SessionTaken Instance { get; } = new();
}

/// <summary>To a session, from its socket: what the client says.</summary>
internal sealed record SessionSaid(ReadOnlyMemory<byte> Data, bool IsText) : IClusterMessage, INoSerializationVerificationNeeded
{
    /// <summary>Null: it is not traced.</summary>
    public WireTrace? Trace { get; init; }
}

/// <summary>To a session, from its socket: the client has got so many messages in all.</summary>
internal sealed record SessionConfirmed(long Count) : IClusterMessage, INoSerializationVerificationNeeded;
