using Actors443.Admission;
using Actors443.Connections.Directory;
using Actors443.Connections.Draining;
using Actors443.Engine;
using Actors443.Identities;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Connections;

/// <summary>
/// Creates the actors of its share of the connections, turns their timer wheel, and files their obituaries. A connection actor that fails is
/// stopped, never restarted: a broken TLS session cannot be taken up again.
/// </summary>
internal sealed class ConnectionSupervisor : ActorBase
{
    public const string DispatcherPath = "actors443.connection-dispatcher";
    public const string MailboxPath = "actors443.connection-mailbox";

    /// <summary>How often it wants a <see cref="WheelTick"/>. From outside: one timer for all supervisors of a listener wakes one thread, not one each.</summary>
    public const long TickMs = 250;

    private const int ManyRequests = 8;

    private const int WheelSlots = 1024;

    private readonly AdmissionGate _gate;
    private readonly ConnectionLifetimes _lifetimes;
    private readonly MonotonicClock _clock;
    private readonly ILogger _log;
    private readonly Props _child;
    private readonly TimerWheel<EngineConnection> _wheel;
    private readonly HandshakeQueue? _handshakes;
    private readonly SupervisorStrategy _strategy;
    private EngineConnection? _first;
    private int _count;
    private readonly List<IActorRef> _drainAskers = [];
    // Null: nobody has asked, or they are let go step by step and have not all been.
    private Drain? _drain;
    private int _abortedInDrain;

    public ConnectionSupervisor(ActorPlace place, AdmissionGate gate, HandshakeQueue? handshakes, ConnectionLifetimes lifetimes, MonotonicClock clock, ILoggerFactory loggers)
    {
        _gate = gate;
        _handshakes = handshakes;
        _lifetimes = lifetimes;
        _clock = clock;
        _log = loggers.CreateLogger(LogCategories.Connections);
        _child = place.ForConnection(Akka.Actor.Props.CreateBy(new Producer(lifetimes)).WithDeploy(Deploy.Local));
        _wheel = new TimerWheel<EngineConnection>(TickMs, WheelSlots, _clock.NowMs);
        _strategy = new OneForOneStrategy(
            cause =>
            {
                _log.ConnectionActorFailed(cause);
                return Directive.Stop;
            },
            loggingEnabled: false);
    }

    public static Props Props(ActorPlace place, AdmissionGate gate, HandshakeQueue? handshakes, ConnectionLifetimes lifetimes, MonotonicClock clock, ILoggerFactory loggers) =>
        place.ForSupervisor(Akka.Actor.Props.Create<ConnectionSupervisor>(place, gate, handshakes, lifetimes, clock, loggers));

    protected override SupervisorStrategy SupervisorStrategy() => _strategy;

    // Before a restart too: the next instance begins with none.
    protected override void PostStop()
    {
        while (_first is { } connection)
        {
            connection.Abort(CloseReason.ActorFailed, "its supervisor stopped");
            Unlink(connection);
            _wheel.Remove(connection);
            if (_drain is not null || _drainAskers.Count > 0)
                _abortedInDrain++;
            Report(connection);
        }

        AnswerIfDrained();
    }

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case ConnectionAccepted accepted:
                OnAccepted(accepted);
                return true;
            case ConnectionEnded ended:
                OnEnded(ended.Connection);
                return true;
            case DeadlinesMoved moved:
                Reschedule(moved.Connection);
                return true;
            case WheelTick:
                OnTick();
                return true;
            case LagProbe probe:
                _gate.ReportMailboxLag(TimeSpan.FromMilliseconds(_clock.NowMs - probe.SentAtMs));
                return true;
            case ListConnections:
                Sender.Tell(new ConnectionList(Snapshots()), Self);
                return true;
            case FindConnections find:
                Sender.Tell(FoundConnections.Among(Snapshots(), find), Self);
                return true;
            case TellConnections tell:
                Sender.Tell(TellAll(tell), Self);
                return true;
            case TellConnection tell:
                Sender.Tell(TryTell(tell), Self);
                return true;
            case CutRevoked cut:
                OnCutRevoked(cut.FrontEnd);
                return true;
            case CutIdentities cut:
                Sender.Tell(OnCutIdentities(cut.Revoked), Self);
                return true;
            case DrainAll drain:
                OnDrainAll(drain);
                return true;
            case LetGo letGo:
                Sender.Tell(OnLetGo(letGo), Self);
                return true;
            default:
                return false;
        }
    }

    private void OnAccepted(ConnectionAccepted accepted)
    {
        EngineConnection connection = accepted.Connection;
        if (connection.Stage == ConnectionState.Closed)
        {
            // Refused faster than it could be given an owner.
            Report(connection);
            return;
        }

        Link(connection);
        connection.IsObserved = _lifetimes.Observers.Any;
        IActorRef actor = Context.ActorOf(_child);
        // The connection is the first message; the engine cannot tell the actor of a stage reached before it knows the actor.
        ConnectionState known = connection.Stage;
        actor.Tell(accepted, Self);
        connection.AttachOwner(actor);
        if (connection.Stage != known)
            actor.Tell(StageAdvanced.Instance, Self);
        Look(connection);
        if (connection.UnlessNode == CloseReason.None)
            _handshakes?.Add(connection);
        MakeRoom();
        if (_drain is not null && !connection.IsPeer)
            LetGo(connection, _drain);
    }

    private void MakeRoom()
    {
        while (_handshakes?.TakeExcess() is { } oldest)
            oldest.Actor.Tell(DeadlinePassed.For(CloseReason.HandshakeShed), Self);
    }

    private void OnEnded(EngineConnection connection)
    {
        if (!Unlink(connection))
            return;
        _wheel.Remove(connection);
        if (connection.Reason == CloseReason.DrainTimeout && (_drain is not null || _drainAskers.Count > 0))
            _abortedInDrain++;
        Report(connection);
        AnswerIfDrained();
    }

    private void Report(EngineConnection connection)
    {
        if (connection.Reason.IsAbnormal())
            Context.System.EventStream.Publish(connection.ToObituary());
        else if (connection.Reason.IsRemembered())
            Context.System.EventStream.Publish(new OrderlyEnd(connection.ToObituary()));
        if (_log.IsEnabled(LogLevel.Debug))
            _log.ConnectionEnded(connection.Id, connection.Remote.ToString(), connection.Reason, connection.ReasonDetail);
    }

    private void OnTick()
    {
        long now = _clock.NowMs;
        Self.Tell(new LagProbe(now), Self);
        _wheel.Advance(now, this, static (connection, supervisor) => supervisor.Look(connection));
        MakeRoom();
        _gate.LookAtMemory();
        if (_gate.IsShortOfMemory)
            CutHolders();
    }

    /// <summary>
    /// Memory is short: of the connections that have many requests at once those with the most end, which have half of all of these. Whoever has one or two is not who holds it, and
    /// everybody else waits for what they hold.
    /// </summary>
    private void CutHolders()
    {
        var holders = new List<EngineConnection>();
        for (EngineConnection? connection = _first; connection is not null; connection = connection.SiblingNext)
        {
            if (connection.RequestsInFlight >= ManyRequests && !connection.IsAborted)
                holders.Add(connection);
        }

        holders.Sort(static (a, b) => b.RequestsInFlight.CompareTo(a.RequestsInFlight));
        int half = holders.Sum(holder => holder.RequestsInFlight) / 2;
        foreach (EngineConnection holder in holders)
        {
            holder.Actor.Tell(new Close(CloseReason.LoadShed, $"memory is short, and it has {holder.RequestsInFlight} requests at once"), Self);
            half -= holder.RequestsInFlight;
            if (half < 0)
                break;
        }
    }

    private void Look(EngineConnection connection)
    {
        if (connection.Stage == ConnectionState.Closed)
            return;
        long now = connection.Clock.NowMs;
        if (connection.SilenceDueMs is > 0 and var silence && silence <= now)
            connection.Actor.Tell(ClientSilent.Instance, Self);
        (CloseReason passed, long lookAgain) = ConnectionDeadlines.Next(connection, now, _lifetimes.Current.Deadlines, IdleLimit());
        if (passed != CloseReason.None)
        {
            connection.Actor.Tell(DeadlinePassed.For(passed), Self);
            // Should the end not come about, the next look reminds.
            lookAgain = now + 5000;
        }

        _wheel.Add(connection, lookAgain);
    }

    private void Reschedule(EngineConnection connection)
    {
        if (connection.WheelSlot < 0)
            return;
        _wheel.Remove(connection);
        Look(connection);
    }

    private TimeSpan IdleLimit()
    {
        TimeSpan idle = _lifetimes.Current.Deadlines.Idle;
        TimeSpan shedding = _gate.Settings.Load.SheddingIdle;
        return _gate.Mode != AdmissionMode.Normal && shedding < idle ? shedding : idle;
    }

    private void OnDrainAll(DrainAll drain)
    {
        _drainAskers.Add(Sender);
        if (!drain.Held)
            OnLetGo(new LetGo(drain.Drain, null));
        AnswerIfDrained();
    }

    private StillHeld OnLetGo(LetGo letGo)
    {
        if (letGo.Step is null)
            _drain = letGo.Drain;
        var held = new Dictionary<DrainTenant, int>();
        int count = 0;
        for (EngineConnection? connection = _first; connection is not null; connection = connection.SiblingNext)
        {
            // Nodes of a cluster stay until this one has left it.
            if (connection.IsPeer || (connection.IsLetGo && letGo.Step is not null))
                continue;
            DrainTenant tenant = DrainTenant.Of(connection);
            // One that drains already goes whatever the others do, and learns the time that it has.
            if (letGo.Step is { } step && connection.DrainingSinceMs == 0 && !step.TryTake(tenant))
            {
                held[tenant] = held.GetValueOrDefault(tenant) + 1;
                continue;
            }

            count += connection.IsLetGo ? 0 : 1;
            LetGo(connection, letGo.Drain);
        }

        return new StillHeld(held, count);
    }

    private void LetGo(EngineConnection connection, Drain drain)
    {
        connection.IsLetGo = true;
        connection.Actor.Tell(drain, Self);
    }

    private void OnCutRevoked(Tls.TlsFrontEnd frontEnd)
    {
        for (EngineConnection? connection = _first; connection is not null; connection = connection.SiblingNext)
        {
            if (connection.ClientCertificate is not { } certificate || frontEnd.ClientsOf(connection.ServerName)?.IsRevoked(certificate) != true)
                continue;
            _log.RevokedClientCut(connection.Id, certificate.Subject, certificate.SerialNumber);
            connection.Actor.Tell(new Close(CloseReason.ClientCertificateRevoked, $"serial number {certificate.SerialNumber} of {certificate.Issuer}"), Self);
        }
    }

    private int OnCutIdentities(RevokedSet revoked)
    {
        int cut = 0;
        for (EngineConnection? connection = _first; connection is not null; connection = connection.SiblingNext)
        {
            if (connection.Reason != CloseReason.None || revoked.Find(connection) is not { } identity)
                continue;
            connection.Actor.Tell(new Close(CloseReason.Revoked, identity.Detail), Self);
            cut++;
        }

        return cut;
    }

    private void AnswerIfDrained()
    {
        if (_drainAskers.Count == 0 || HasClients())
            return;
        foreach (IActorRef asker in _drainAskers)
            asker.Tell(new AllDrained(_abortedInDrain), Self);
        _drainAskers.Clear();
    }

    // Nodes are few and old: they are at the end.
    private bool HasClients()
    {
        for (EngineConnection? connection = _first; connection is not null; connection = connection.SiblingNext)
        {
            if (!connection.IsPeer)
                return true;
        }

        return false;
    }

    private bool TryTell(TellConnection tell)
    {
        for (EngineConnection? connection = _first; connection is not null; connection = connection.SiblingNext)
        {
            if (connection.Id != tell.Id)
                continue;
            connection.Actor.Tell(tell.Message, Sender);
            return true;
        }

        return false;
    }

    private int TellAll(TellConnections tell)
    {
        int told = 0;
        for (EngineConnection? connection = _first; connection is not null; connection = connection.SiblingNext)
        {
            if (!tell.Filter.Reaches(connection.Snapshot(), connection.IsPeer))
                continue;
            connection.Actor.Tell(tell.Message, Sender);
            told++;
        }

        return told;
    }

    private List<ConnectionSnapshot> Snapshots()
    {
        var snapshots = new List<ConnectionSnapshot>(_count);
        for (EngineConnection? connection = _first; connection is not null; connection = connection.SiblingNext)
            snapshots.Add(connection.Snapshot());
        return snapshots;
    }

    private void Link(EngineConnection connection)
    {
        connection.SiblingNext = _first;
        if (_first is not null)
            _first.SiblingPrevious = connection;
        _first = connection;
        _count++;
    }

    private bool Unlink(EngineConnection connection)
    {
        if (connection.SiblingPrevious is null && !ReferenceEquals(_first, connection))
            return false;
        if (connection.SiblingPrevious is null)
            _first = connection.SiblingNext;
        else
            connection.SiblingPrevious.SiblingNext = connection.SiblingNext;
        if (connection.SiblingNext is not null)
            connection.SiblingNext.SiblingPrevious = connection.SiblingPrevious;
        connection.SiblingNext = null;
        connection.SiblingPrevious = null;
        _count--;
        return true;
    }

    /// <summary>One Props for all: neither expression nor closure a connection.</summary>
    private sealed class Producer(ConnectionLifetimes lifetimes) : IIndirectActorProducer
    {
        public Type ActorType => typeof(ConnectionActor);

        public ActorBase Produce() => new ConnectionActor(lifetimes);

        public void Release(ActorBase actor)
        {
        }
    }
}
