using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Connections.Draining;
using Actors443.Engine;
using Actors443.Identities;
using Actors443.Supervision;
using Akka.Actor;

namespace Actors443.Listening;

/// <summary>
/// One listener: an acceptor, which binds and may fail, and the supervisors of the connections, which outlive the acceptor's failures. (Akka restarts
/// the children of an actor that is restarted; so what fails must not be their parent.) A second acceptor has the UDP ports, if HTTP/3 is wanted.
/// </summary>
internal sealed class ListenerActor : UntypedActor
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    // As long as everything else at start may take.
    private static readonly TimeSpan BindWithin = TimeSpan.FromSeconds(30);

    private readonly IActorRef _acceptor;
    private readonly IActorRef? _quic;
    private readonly IActorRef[] _connections;
    private ICancelable? _ticks;

    public ListenerActor(ServerEnvironment environment, ListenerPlan plan, ServedApplication application, IAcceptGate gate, ListenerMemory memory)
    {
        IReadOnlyList<IReadOnlyList<IActorRef>> places = plan.Tls ? CreateSupervisors(environment) : [];
        _connections = [.. places.SelectMany(supervisors => supervisors)];
        var parts = new ListenerParts(environment, plan, application, gate, new ConnectionSupervisorRing(places));
        _acceptor = Context.ActorOf(Props.Create<AcceptorActor>(parts, memory), ActorNames.Acceptor);
        if (plan.Tls && environment.Settings.Https.Http3 != Http3Mode.Off)
            _quic = Context.ActorOf(Props.Create<QuicAcceptorActor>(parts, new QuicMemory()), ActorNames.Quic);
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
            case BindListeners when _quic is { } quic:
                BindBothAsync(_acceptor, quic, message).PipeTo(Sender, Self);
                break;
            case Unbind when _quic is { } quic:
                AskBothAsync<Unbound>(quic, message).PipeTo(Sender, Self);
                break;
            case Release when _quic is { } quic:
                AskBothAsync<Released>(quic, message).PipeTo(Sender, Self);
                break;
            case BindListeners or Unbind or Release:
                _acceptor.Forward(message);
                break;
            case DrainListeners drain:
                // The supervisors abort what is left at the deadline; the margin is for their answer.
                AskAllAsync<AllDrained, AllDrained>(new DrainAll(new Drain(drain.Deadline), drain.Held), drain.Deadline + AnswerWithin, answers => new AllDrained(answers.Sum(answer => answer.Aborted))).PipeTo(Sender, Self);
                break;
            case LetGo letGo:
                AskAllAsync<StillHeld, StillHeld>(letGo, AnswerWithin, StillHeld.Merge).PipeTo(Sender, Self);
                break;
            case ListConnections list:
                AskAllAsync<ConnectionList, ConnectionList>(list, AnswerWithin, lists => new ConnectionList([.. lists.SelectMany(part => part.Connections)])).PipeTo(Sender, Self);
                break;
            case FindConnections find:
                AskAllAsync<FoundConnections, FoundConnections>(find, AnswerWithin, parts => FoundConnections.Merge(parts, find)).PipeTo(Sender, Self);
                break;
            case TellConnections tell:
                AskAllAsync<int, object>(tell, AnswerWithin, told => told.Sum()).PipeTo(Sender, Self);
                break;
            case CutIdentities cut:
                AskAllAsync<int, object>(cut, AnswerWithin, counts => counts.Sum()).PipeTo(Sender, Self);
                break;
            case TellConnection tell:
                AskAllAsync<bool, object>(tell, AnswerWithin, found => found.Contains(true)).PipeTo(Sender, Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private static async Task<object> BindBothAsync(IActorRef acceptor, IActorRef quic, object message)
    {
        // Which ports, TCP decides: there may be a fall-back, or any free one.
        object answer = await acceptor.Ask<object>(message, BindWithin);
        if (answer is not BoundListenerInfo tcp)
            return answer;
        return await quic.Ask<object>(new BindQuic(tcp.EndPoints), BindWithin) switch
        {
            QuicBound udp => tcp with { QuicEndPoints = udp.EndPoints },
            BindFailed failed => new ListenersFailed($"https.http3 = on: {failed.Cause.Message}", failed.Cause),
            object other => throw new InvalidOperationException($"{other} is no answer."),
        };
    }

    private async Task<T> AskBothAsync<T>(IActorRef quic, object message)
    {
        Task<T> udp = quic.Ask<T>(message, BindWithin);
        await _acceptor.Ask<T>(message, BindWithin);
        return await udp;
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
