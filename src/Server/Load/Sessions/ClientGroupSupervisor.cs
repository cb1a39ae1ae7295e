using Actors443.Engine.EventLoop;
using Actors443.Server.Load.Clients;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>To a group's supervisor: make the clients and let them begin.</summary>
internal sealed record StartGroup;

/// <summary>To a group's supervisor; answered with <see cref="GroupCounted"/>.</summary>
/// <param name="Interval">Number of the interval that ends.</param>
internal sealed record CountGroup(int Interval);

/// <param name="Group">Name of the group.</param>
/// <param name="Interval">As asked.</param>
/// <param name="Counts">Of this loop alone.</param>
internal sealed record GroupCounted(string Group, int Interval, RecorderSnapshot Counts);

/// <summary>To a group's supervisor: nothing new, close everything; it ends when the last client has.</summary>
internal sealed record FinishGroup;

/// <summary>To a group's supervisor: all its sessions are dropped at once.</summary>
internal sealed record DropSessions;

/// <summary>From a group's supervisor: all its sessions are open, for the first time or again.</summary>
internal sealed record SessionsOpen(string Group);

/// <summary>To a group's supervisor, by a client whose session is open.</summary>
internal sealed class SessionBack
{
    public static SessionBack Instance { get; } = new();
}

/// <summary>Makes the clients of one group on one loop, over the group's ramp. A client that fails ends alone. Lives on the loop itself.</summary>
internal sealed class ClientGroupSupervisor : UntypedActor
{
    private static readonly SupervisorStrategy Stop = new OneForOneStrategy(_ => Directive.Stop);

    private readonly Func<ClientLoop, ClientGroup> _create;
    private readonly ClientLoop _loop;
    private ClientGroup _group = null!;
    private RampTimer? _ramp;
    private int _made;
    private bool _complete;
    private bool _finishing;

    private ClientGroupSupervisor(ClientLoop loop, Func<ClientLoop, ClientGroup> create)
    {
        _loop = loop;
        _create = create;
    }

    /// <summary>To be made on the loop, or by <see cref="EventLoop.CreateActors"/>.</summary>
    /// <param name="loop">Where it lives.</param>
    /// <param name="create">Makes the group, on the loop.</param>
    public static Props Props(ClientLoop loop, Func<ClientLoop, ClientGroup> create) =>
        Akka.Actor.Props.CreateBy(new Producer(loop, create)).WithDispatcher(LoopExecutor.DispatcherPath).WithMailbox(LoopExecutor.MailboxPath);

    protected override SupervisorStrategy SupervisorStrategy() => Stop;

    protected override void PreStart() => _group = _create(_loop);

    protected override void PostStop()
    {
        _ramp?.End();
        _group?.Dispose();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case StartGroup:
                _group.Begin();
                _ramp = new RampTimer(_loop, Self, _group.Clients, _group.Ramp);
                MakeClients();
                break;
            case MakeMore:
                MakeClients();
                break;
            case CountGroup count:
                Context.Parent.Tell(new GroupCounted(_group.Settings.Name, count.Interval, _group.Recorder.Take()), Self);
                break;
            case SessionBack:
                if (!_complete && _group.Recorder.Open == _group.Clients)
                {
                    _complete = true;
                    Context.Parent.Tell(new SessionsOpen(_group.Settings.Name), Self);
                }

                break;
            case DropSessions:
                _complete = false;
                TellClients(Drop.Instance);
                break;
            case FinishGroup when !_finishing:
                Finish();
                break;
            case Terminated:
                StopIfEmpty();
                break;
        }
    }

    private void MakeClients()
    {
        if (_finishing)
            return;
        for (int due = _ramp!.DueNow(); _made < due; _made++)
            Context.ActorOf(_group.CreateClient(_made)).Tell(Begin.Instance, ActorRefs.NoSender);
        _ramp.SetNext(_made);
    }

    private void Finish()
    {
        _finishing = true;
        _ramp?.End();
        _group.End();
        foreach (IActorRef client in Context.GetChildren())
            Context.Watch(client);
        TellClients(Sessions.Finish.Instance);
        StopIfEmpty();
    }

    private void StopIfEmpty()
    {
        if (!_finishing || Context.GetChildren().Any())
            return;
        Context.Parent.Tell(new GroupCounted(_group.Settings.Name, int.MaxValue, _group.Recorder.Take()), Self);
        Context.Stop(Self);
    }

    private static void TellClients(object message)
    {
        foreach (IActorRef client in Context.GetChildren())
            client.Tell(message, ActorRefs.NoSender);
    }

    private sealed class MakeMore
    {
        public static MakeMore Instance { get; } = new();
    }

    private sealed class RampTimer : LoopTimer
    {
        private readonly ClientLoop _loop;
        private readonly IActorRef _supervisor;
        private readonly int _clients;
        private readonly long _began = ClientLoop.Timestamp;
        private readonly double _length;

        public RampTimer(ClientLoop loop, IActorRef supervisor, int clients, TimeSpan length)
        {
            _loop = loop;
            _supervisor = supervisor;
            _clients = clients;
            _length = ClientLoop.ToTicks(length);
            loop.Loop.Add(this);
        }

        /// <summary>How many clients are to have begun by now.</summary>
        public int DueNow() => _length == 0 ? _clients : (int)Math.Min(_clients, 1 + (ClientLoop.Timestamp - _began) / _length * _clients);

        public void SetNext(int made) => Due = made >= _clients ? long.MaxValue : _began + (long)(_length * made / _clients);

        public void End() => _loop.Loop.Remove(this);

        public override void Elapsed(long now) => _supervisor.Tell(MakeMore.Instance, ActorRefs.NoSender);
    }

    private sealed class Producer(ClientLoop loop, Func<ClientLoop, ClientGroup> create) : IIndirectActorProducer
    {
        public Type ActorType => typeof(ClientGroupSupervisor);

        public ActorBase Produce() => new ClientGroupSupervisor(loop, create);

        public void Release(ActorBase actor)
        {
            // PostStop does it.
        }
    }
}
