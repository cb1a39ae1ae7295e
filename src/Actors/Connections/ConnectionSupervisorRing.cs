using Actors443.Engine;
using Akka.Actor;

namespace Actors443.Connections;

/// <summary>Spreads the connections of a listener over its supervisors: one alone would be a bottleneck. Thread-safe.</summary>
internal sealed class ConnectionSupervisorRing(IReadOnlyList<IActorRef> supervisors) : IConnectionOwners
{
    /// <summary>Children of one actor sit in an immutable tree whose updates grow with its size.</summary>
    private const int ChildrenPerSupervisor = 8192;

    public IReadOnlyList<IActorRef> Supervisors { get; } = supervisors;

    public static int SizeFor(int maximumConnections) =>
        Math.Clamp((maximumConnections + ChildrenPerSupervisor - 1) / ChildrenPerSupervisor, Environment.ProcessorCount, 64);

    public void Accepted(EngineConnection connection) =>
        Supervisors[(int)(connection.NumericId % Supervisors.Count)].Tell(new ConnectionAccepted(connection), ActorRefs.NoSender);
}
