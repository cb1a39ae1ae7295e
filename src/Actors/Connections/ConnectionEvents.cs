using System.Collections.Immutable;
using Akka.Actor;

namespace Actors443.Connections;

/// <summary>To whoever observes connections: one is open, its handshake done. Told by its actor, which can be kept, watched and told <see cref="Drain"/> or <see cref="Close"/>.</summary>
/// <param name="Connection">The actor that owns it.</param>
/// <param name="Facts">As they are then.</param>
public sealed record ConnectionOpened(IActorRef Connection, ConnectionSnapshot Facts) : INoSerializationVerificationNeeded;

/// <summary>To whoever observes connections: one that was open is over.</summary>
/// <param name="Connection">The actor that owned it; it is stopped.</param>
/// <param name="Reason">Why.</param>
/// <param name="Detail">More about it; null: nothing to add.</param>
/// <param name="Facts">As they were at the end.</param>
public sealed record ConnectionClosed(IActorRef Connection, CloseReason Reason, string? Detail, ConnectionSnapshot Facts) : INoSerializationVerificationNeeded;

/// <summary>To the directory: tell this actor of connections from now on, until it stops. Answers <see cref="ObservingConnections"/>.</summary>
internal sealed record ObserveConnections(IActorRef Observer) : INoSerializationVerificationNeeded;

internal sealed record ObservingConnections
{
    public static ObservingConnections Instance { get; } = new();
}

/// <summary>Who wants to know of connections. With nobody, a connection costs no message more. Written by the directory, read by everybody.</summary>
internal sealed class ConnectionObservers
{
    private volatile ImmutableHashSet<IActorRef> _all = [];

    public IReadOnlyCollection<IActorRef> All => _all;

    public bool Any => !_all.IsEmpty;

    public void Add(IActorRef observer) => _all = _all.Add(observer);

    public void Remove(IActorRef observer) => _all = _all.Remove(observer);

    public void Tell(object told, IActorRef connection)
    {
        foreach (IActorRef observer in _all)
            observer.Tell(told, connection);
    }
}
