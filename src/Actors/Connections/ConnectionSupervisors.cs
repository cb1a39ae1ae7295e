using Actors443.Connections.Directory;
using Actors443.Engine;
using Actors443.Identities;
using Actors443.Supervision;
using Akka.Actor;

namespace Actors443.Connections;

/// <summary>The supervisors of the connections of one listener, or of what stands in the place of one; and what is asked of all of them. Used by the actor whose children they are.</summary>
internal sealed class ConnectionSupervisors
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    private readonly IActorRef[] _all;
    private ICancelable? _ticks;

    private ConnectionSupervisors(IReadOnlyList<IReadOnlyList<IActorRef>> places)
    {
        Ring = new ConnectionSupervisorRing(places);
        _all = [.. places.SelectMany(supervisors => supervisors)];
    }

    public static ConnectionSupervisors None { get; } = new([]);

    /// <summary>Gives them connections.</summary>
    public ConnectionSupervisorRing Ring { get; }

    /// <param name="context">Of their parent.</param>
    /// <param name="environment">What they share.</param>
    /// <param name="eachPlace">How many each place of the engine has.</param>
    /// <param name="handshakes">Of which the oldest makes room; null: none does.</param>
    public static ConnectionSupervisors Create(IActorContext context, ServerEnvironment environment, int eachPlace, HandshakeQueue? handshakes)
    {
        IReadOnlyList<ActorPlace> places = environment.Engine.Places;
        var all = new List<IReadOnlyList<IActorRef>>(places.Count);
        for (int number = 0; number < places.Count; number++)
        {
            ActorPlace place = places[number];
            Props props = ConnectionSupervisor.Props(place, environment.Gate, handshakes, environment.Lifetimes, environment.Clock, environment.Loggers);
            int first = number * eachPlace;
            all.Add([.. Enumerable.Range(first, eachPlace).Select(index => place.Create(() => context.ActorOf(props, ActorNames.ConnectionSupervisor(index))))]);
        }

        return new ConnectionSupervisors(all);
    }

    /// <summary>Has the parent told when deadlines are to be looked at.</summary>
    public void StartTicks(IScheduler scheduler, IActorRef parent)
    {
        TimeSpan tick = TimeSpan.FromMilliseconds(ConnectionSupervisor.TickMs);
        if (_all.Length > 0)
            _ticks = scheduler.ScheduleTellRepeatedlyCancelable(tick, tick, parent, WheelTick.Instance, ActorRefs.NoSender);
    }

    public void StopTicks() => _ticks?.Cancel();

    /// <summary>Has all of them do or answer what is about connections. False: that is something else.</summary>
    public bool Pass(object message, IActorRef sender, IActorRef self)
    {
        switch (message)
        {
            case WheelTick or CutRevoked:
                foreach (IActorRef supervisor in _all)
                    supervisor.Tell(message, self);
                return true;
            case ListConnections:
                AskAllAsync<ConnectionList, ConnectionList>(message, AnswerWithin, lists => new ConnectionList([.. lists.SelectMany(part => part.Connections)])).PipeTo(sender, self);
                return true;
            case FindConnections find:
                AskAllAsync<FoundConnections, FoundConnections>(find, AnswerWithin, parts => FoundConnections.Merge(parts, find)).PipeTo(sender, self);
                return true;
            case TellConnections:
                AskAllAsync<int, object>(message, AnswerWithin, told => told.Sum()).PipeTo(sender, self);
                return true;
            case CutIdentities:
                AskAllAsync<int, object>(message, AnswerWithin, counts => counts.Sum()).PipeTo(sender, self);
                return true;
            case TellConnection:
                AskAllAsync<bool, object>(message, AnswerWithin, found => found.Contains(true)).PipeTo(sender, self);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Asks all of them the same.</summary>
    public async Task<TMerged> AskAllAsync<T, TMerged>(object message, TimeSpan within, Func<T[], TMerged> merge) =>
        merge(await Task.WhenAll(_all.Select(supervisor => supervisor.Ask<T>(message, within))));
}
