using Actors443.Engine;
using Akka.Actor;

namespace Actors443.Connections;

/// <summary>Spreads the connections of a listener over the supervisors of their place: one alone would be a bottleneck. Thread-safe.</summary>
/// <param name="places">The supervisors of each place of the engine, in its order.</param>
internal sealed class ConnectionSupervisorRing(IReadOnlyList<IReadOnlyList<IActorRef>> places) : IConnectionOwners
{
    /// <summary>Children of one actor sit in an immutable tree whose updates grow with its size.</summary>
    private const int ChildrenPerSupervisor = 8192;

    private readonly IActorRef[][] _places = [.. places.Select(supervisors => supervisors.ToArray())];

    /// <summary>How many supervisors each of so many places needs.</summary>
    public static int SizeFor(int maximumConnections, int places)
    {
        int perPlace = (maximumConnections + places - 1) / places;
        int atLeast = (Environment.ProcessorCount + places - 1) / places;
        return Math.Clamp((perPlace + ChildrenPerSupervisor - 1) / ChildrenPerSupervisor, Math.Min(atLeast, 64), 64);
    }

    public void Accepted(EngineConnection connection)
    {
        IActorRef[] supervisors = _places[connection.Place];
        supervisors[(int)(connection.NumericId % supervisors.Length)].Tell(new ConnectionAccepted(connection), ActorRefs.NoSender);
    }
}
