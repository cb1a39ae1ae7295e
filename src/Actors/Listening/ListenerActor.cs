using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Connections.Draining;
using Actors443.Engine;
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
    private readonly ConnectionSupervisors _connections;

    public ListenerActor(ServerEnvironment environment, ListenerPlan plan, ServedApplication application, IAcceptGate gate, ListenerMemory memory)
    {
        int each = ConnectionSupervisorRing.SizeFor(environment.Settings.Admission.MaximumConnections, environment.Engine.Places.Count);
        _connections = plan.Tls ? ConnectionSupervisors.Create(Context, environment, each, environment.Handshakes) : ConnectionSupervisors.None;
        var parts = new ListenerParts(environment, plan, application, gate, _connections.Ring);
        _acceptor = Context.ActorOf(Props.Create<AcceptorActor>(parts, memory), ActorNames.Acceptor);
        if (plan.Tls && environment.Settings.Https.Http3 != Http3Mode.Off)
            _quic = Context.ActorOf(Props.Create<QuicAcceptorActor>(parts, new QuicMemory()), ActorNames.Quic);
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart, loggingEnabled: false);

    protected override void PreStart() => _connections.StartTicks(Context.System.Scheduler, Self);

    protected override void PostStop() => _connections.StopTicks();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
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
                _connections.AskAllAsync<AllDrained, AllDrained>(new DrainAll(new Drain(drain.Deadline), drain.Held), drain.Deadline + AnswerWithin, answers => new AllDrained(answers.Sum(answer => answer.Aborted))).PipeTo(Sender, Self);
                break;
            case LetGo letGo:
                _connections.AskAllAsync<StillHeld, StillHeld>(letGo, AnswerWithin, StillHeld.Merge).PipeTo(Sender, Self);
                break;
            default:
                if (!_connections.Pass(message, Sender, Self))
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
}
