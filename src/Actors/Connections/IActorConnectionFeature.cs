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

    /// <summary>The facts and counters as they are now.</summary>
    ConnectionSnapshot Snapshot();
}
