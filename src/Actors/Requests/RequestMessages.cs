using Akka.Actor;
using Akka.Event;
using Microsoft.Extensions.Primitives;

namespace Actors443.Requests;

/// <summary>From the actor: the answer begins, and its body follows in <see cref="ReplyChunk"/>s up to <see cref="ReplyEnd"/>. Answered by <see cref="ReplyCredit"/>.</summary>
/// <param name="Status">The status code.</param>
/// <param name="ContentType">Null: none.</param>
public sealed record ReplyStart(int Status = 200, string? ContentType = null) : INoSerializationVerificationNeeded
{
    /// <summary>Further headers.</summary>
    public IReadOnlyList<KeyValuePair<string, StringValues>> Headers { get; init; } = [];
}

/// <summary>From the actor: more of the body. Not more bytes in all than were granted by <see cref="ReplyCredit"/>; one chunk may go beyond.</summary>
/// <param name="Data">Not changed any more once told.</param>
public sealed record ReplyChunk(ReadOnlyMemory<byte> Data) : INoSerializationVerificationNeeded;

/// <summary>From the actor: the body ends.</summary>
public sealed record ReplyEnd : INoSerializationVerificationNeeded
{
    /// <summary>The one instance.</summary>
    public static ReplyEnd Instance { get; } = new();
}

/// <summary>To the actor that sent <see cref="ReplyStart"/>: so many bytes more may be told. The first comes at once, the others as the client takes what was sent.</summary>
/// <param name="Bytes">More than 0.</param>
public sealed record ReplyCredit(int Bytes) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

/// <summary>From the actor: send so many bytes more of the request's body. Only so much is read from the connection; what the client sends beyond waits with the client.</summary>
/// <param name="Bytes">More than 0.</param>
public sealed record ReadBody(int Bytes) : INoSerializationVerificationNeeded;

/// <summary>To the actor that sent <see cref="ReadBody"/>: part of the request's body.</summary>
/// <param name="Data">Its own copy.</param>
public sealed record BodyChunk(ReadOnlyMemory<byte> Data) : INoSerializationVerificationNeeded;

/// <summary>To the actor that sent <see cref="ReadBody"/>: the body has ended.</summary>
public sealed record BodyEnd : INoSerializationVerificationNeeded
{
    /// <summary>The one instance.</summary>
    public static BodyEnd Instance { get; } = new();
}

/// <summary>To the actor: nobody waits for the answer any more, for the client has gone or the time is over. Its sender is that of the request.</summary>
public sealed record RequestAbandoned : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    /// <summary>The one instance.</summary>
    public static RequestAbandoned Instance { get; } = new();
}
