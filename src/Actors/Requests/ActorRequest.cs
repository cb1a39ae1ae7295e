using System.Net;
using System.Security.Claims;
using Akka.Actor;
using Microsoft.AspNetCore.WebUtilities;

namespace Actors443.Requests;

/// <summary>
/// A request, as a message to the actor of a route (<see cref="ActorRouting"/>). Its sender takes the answer: an <see cref="ActorReply"/>, a <see cref="ReplyStart"/> with what
/// follows, or a <see cref="Status.Failure"/>. Immutable, and a copy: it may be kept for as long as one likes. It is for actors of this process.
/// </summary>
public sealed class ActorRequest : INoSerializationVerificationNeeded
{
    private RequestValues? _query;

    /// <summary><c>GET</c>, …</summary>
    public required string Method { get; init; }

    /// <summary>The path, decoded, from <c>/</c>.</summary>
    public required string Path { get; init; }

    /// <summary>As sent, with <c>?</c>; empty: none.</summary>
    public string QueryString { get; init; } = "";

    /// <summary><c>https</c>, or <c>http</c> on a server of another kind.</summary>
    public string Scheme { get; init; } = "https";

    /// <summary>Name and port the client asked for.</summary>
    public string Host { get; init; } = "";

    /// <summary><c>HTTP/1.1</c>, <c>HTTP/2</c>.</summary>
    public string Protocol { get; init; } = "HTTP/1.1";

    /// <summary>What the route's pattern has found: <c>id</c> of <c>/orders/{id}</c>.</summary>
    public RequestValues Route { get; init; } = RequestValues.Empty;

    /// <summary>The headers.</summary>
    public RequestValues Headers { get; init; } = RequestValues.Empty;

    /// <summary>The body, if it is taken whole.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The body is not in <see cref="Body"/>: ask the sender for it with <see cref="ReadBody"/>.</summary>
    public bool BodyIsStream { get; init; }

    /// <summary>As the client said; null: it did not.</summary>
    public long? BodyLength { get; init; }

    /// <summary>The client; null: not known.</summary>
    public IPEndPoint? Remote { get; init; }

    /// <summary>Who it is, if the application has authenticated it.</summary>
    public ClaimsPrincipal? User { get; init; }

    /// <summary>The actor that owns the connection; <see cref="ActorRefs.Nobody"/> on a server of another kind.</summary>
    public IActorRef Connection { get; init; } = ActorRefs.Nobody;

    /// <summary>The connection, as <c>conns</c> and the logs name it; null on a server of another kind.</summary>
    public string? ConnectionId { get; init; }

    /// <summary>The query, decoded.</summary>
    public RequestValues Query => _query ??= QueryString.Length == 0 ? RequestValues.Empty : new RequestValues([.. QueryHelpers.ParseQuery(QueryString)]);

    /// <inheritdoc/>
    public override string ToString() => $"{Method} {Path}";
}
