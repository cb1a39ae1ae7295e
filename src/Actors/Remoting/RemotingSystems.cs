using Akka.Actor;

namespace Actors443.Remoting;

/// <summary>Brings the transports that Akka makes, and the server that others reach them by, to each other: whichever of the two is there first. Thread-safe.</summary>
internal sealed class RemotingSystems : IExtension
{
    private readonly Lock _change = new();
    private readonly List<Actors443Transport> _waiting = [];
    private RemotingDoor? _door;

    /// <param name="server">The actor system in which Actors443 serves.</param>
    public static RemotingSystems Of(ActorSystem server) => (RemotingSystems)server.RegisterExtension(Id.Instance);

    public void Add(Actors443Transport transport)
    {
        lock (_change)
        {
            if (_door is null)
                _waiting.Add(transport);
            else
                _door.Add(transport);
        }
    }

    public void Open(RemotingDoor door)
    {
        lock (_change)
        {
            _door = door;
            foreach (Actors443Transport transport in _waiting)
                door.Add(transport);
            _waiting.Clear();
        }
    }

    private sealed class Id : ExtensionIdProvider<RemotingSystems>
    {
        public static Id Instance { get; } = new();

        public override RemotingSystems CreateExtension(ExtendedActorSystem system) => new();
    }
}
