using Akka.Actor;

namespace Actors443.Connections;

/// <summary>
/// The connection a request came on, as an actor. Found by <c>HttpContext.Features.Get&lt;IActorConnectionFeature&gt;()</c>. Thread-safe.
/// </summary>
public interface IActorConnectionFeature
{
    /// <summary>The owning actor. Tell it <see cref="Drain"/> or <see cref="Close"/>; <see cref="ActorRefs.Nobody"/> for the moment before it has started.</summary>
    IActorRef Actor { get; }

    /// <summary>Unique in the process, as shown by <c>conns</c> and the access log.</summary>
    string Id { get; }

    /// <summary>
    /// Whose the connection is, by a name of the application's: connections are found by it (<see cref="Directory.IConnectionDirectory"/>), and cut off when it is revoked. Null: nobody's yet.
    /// To be set once a request has proved it.
    /// </summary>
    string? Principal { get; set; }

    /// <summary>The facts and counters as they are now.</summary>
    ConnectionSnapshot Snapshot();
}
