using Actors443.Admission;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Supervision;
using Akka.Actor;

namespace Actors443.Listening;

/// <summary>
/// One listener: an acceptor, which binds and may fail, and the supervisors of the connections, which outlive the acceptor's failures. (Akka restarts
/// the children of an actor that is restarted; so what fails must not be their parent.)
/// </summary>
internal sealed class ListenerActor : UntypedActor
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    private readonly IActorRef _acceptor;
    private readonly IActorRef[] _connections;
    private ICancelable? _ticks;

    public ListenerActor(ServerEnvironment environment, ListenerPlan plan, ServedApplication application, IAcceptGate gate, ListenerMemory memory)
    {
        IReadOnlyList<IReadOnlyList<IActorRef>> places = plan.Tls ? CreateSupervisors(environment) : [];
        _connections = [.. places.SelectMany(supervisors => supervisors)];
        IConnectionOwners owners = new ConnectionSupervisorRing(places);
        _acceptor = Context.ActorOf(Props.Create<AcceptorActor>(environment, plan, application, gate, memory, owners), ActorNames.Acceptor);
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart, loggingEnabled: false);

    protected override void PreStart()
    {
        TimeSpan tick = TimeSpan.FromMilliseconds(ConnectionSupervisor.TickMs);
        if (_connections.Length > 0)
            _ticks = Context.System.Scheduler.ScheduleTellRepeatedlyCancelable(tick, tick, Self, WheelTick.Instance, ActorRefs.NoSender);
    }

    protected override void PostStop() => _ticks?.Cancel();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case WheelTick:
                foreach (IActorRef supervisor in _connections)
                    supervisor.Tell(WheelTick.Instance, Self);
                break;
            case CutRevoked:
                foreach (IActorRef supervisor in _connections)
                    supervisor.Tell(message, Self);
                break;
            case BindListeners or Unbind or Release:
                _acceptor.Forward(message);
                break;
            case DrainListeners drain:
                // The supervisors abort what is left at the deadline; the margin is for their answer.
                AskAllAsync<AllDrained, AllDrained>(new DrainAll(new Drain(drain.Deadline)), drain.Deadline + AnswerWithin, answers => new AllDrained(answers.Sum(answer => answer.Aborted))).PipeTo(Sender, Self);
                break;
            case ListConnections list:
                AskAllAsync<ConnectionList, ConnectionList>(list, AnswerWithin, lists => new ConnectionList([.. lists.SelectMany(part => part.Connections)])).PipeTo(Sender, Self);
                break;
            case TellConnection tell:
                AskAllAsync<bool, object>(tell, AnswerWithin, found => found.Contains(true)).PipeTo(Sender, Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private static List<IReadOnlyList<IActorRef>> CreateSupervisors(ServerEnvironment environment)
    {
        IReadOnlyList<ActorPlace> places = environment.Engine.Places;
        int each = ConnectionSupervisorRing.SizeFor(environment.Settings.Admission.MaximumConnections, places.Count);
        var all = new List<IReadOnlyList<IActorRef>>(places.Count);
        for (int number = 0; number < places.Count; number++)
        {
            ActorPlace place = places[number];
            Props props = ConnectionSupervisor.Props(place, environment.Gate, environment.Handshakes, environment.Lifetimes, environment.Clock, environment.Loggers);
            int first = number * each;
            all.Add([.. Enumerable.Range(first, each).Select(index => place.Create(() => Context.ActorOf(props, ActorNames.ConnectionSupervisor(index))))]);
        }

        return all;
    }

    private async Task<TMerged> AskAllAsync<T, TMerged>(object message, TimeSpan within, Func<T[], TMerged> merge) =>
        merge(await Task.WhenAll(_connections.Select(supervisor => supervisor.Ask<T>(message, within))));
}
