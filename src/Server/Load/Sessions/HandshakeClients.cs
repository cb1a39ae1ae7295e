using Actors443.Engine.EventLoop;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Protocols;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Settings;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>Clients that connect, shake hands, ask once (or not), close, and begin again: by themselves or at a rate.</summary>
internal sealed class HandshakeClients : ClientGroup
{
    private readonly HandshakesGroup _settings;
    private readonly RequestTemplate[] _templates;
    private readonly ConnectionArrivals? _arrivals;
    private double _resumptions;

    public HandshakeClients(HandshakesGroup settings, GroupPlace place)
        : base(settings, place, LoadProtocol.Http1, Tls(settings, place.Run.Tls))
    {
        _settings = settings;
        _templates = RequestTemplate.From(settings.Request, Address);
        if (settings.Rate is { } rate)
            _arrivals = new ConnectionArrivals(place.Loop, Recorder, rate * place.Share, Plan.RequestTimeout);
    }

    public override void Begin() => _arrivals?.Start(ClientLoop.Timestamp);

    public override void End() => _arrivals?.End();

    protected override ClientProtocol CreateProtocol(IActorRef owner) =>
        _settings.WithRequest ? new Http1Protocol(new CommandedRequests(_templates, Recorder, owner)) : new SilentProtocol(owner);

    protected override ActorBase CreateActor(int number) => new HandshakeSessionActor(this, number);

    private static ClientTlsSettings Tls(HandshakesGroup settings, ClientTlsSettings run) => run with
    {
        MinimumVersion = settings.Version ?? run.MinimumVersion,
        MaximumVersion = settings.Version ?? run.MaximumVersion,
        CertificateKind = settings.CertificateKind ?? run.CertificateKind,
    };

    /// <summary>Whether the next handshake resumes, so that over many the share comes out right.</summary>
    private bool NextResumes()
    {
        _resumptions += _settings.Resumed;
        if (_resumptions < 1)
            return false;
        _resumptions--;
        return true;
    }

    private sealed class HandshakeSessionActor(HandshakeClients group, int number) : ClientSessionActor(group, number)
    {
        private long _due;

        private CommandedRequests? Requests => (Connection.Protocol as Http1Protocol)?.Source as CommandedRequests;

        protected override void Begun() => Next();

        protected override void Resumed() => Next();

        protected override void Opened()
        {
            // A client that is to resume and has nothing to resume with waits for a session first: the ticket comes after the handshake.
            if (Requests is null && (group._settings.Resumed == 0 || Connection.HasSession))
                Done();
        }

        protected override bool Told(object message)
        {
            switch (message)
            {
                case Answered when IsOpen:
                    Done();
                    return true;
                case Answered:
                    return true;
                case Arrival arrival when IsWaiting:
                    Connect(arrival.Due);
                    return true;
                default:
                    return false;
            }
        }

        protected override void Ended(bool failed)
        {
            if (failed)
                Pause();
            else
                Next();
        }

        private void Done()
        {
            if (Requests is null)
                group.Recorder.Answered(0, ClientLoop.ToMicroseconds(ClientLoop.Timestamp - _due));
            Close();
            Next();
        }

        private void Next()
        {
            if (group._arrivals is null)
                Connect(ClientLoop.Timestamp);
            else if (group._arrivals.TryTake(Self, out long due))
                Connect(due);
        }

        private void Connect(long due)
        {
            _due = due;
            Requests?.Want(due);
            Open(resume: Connection.HasSession && group.NextResumes());
        }
    }
}

/// <summary>Connections that become due at a rate, and the clients that have time for one.</summary>
internal sealed class ConnectionArrivals(ClientLoop loop, LoopRecorder recorder, double rate, long patience) : LoopTimer
{
    private readonly double _interval = ClientLoop.ToTicks(TimeSpan.FromSeconds(1)) / rate;
    private readonly Queue<long> _overdue = new();
    private readonly Queue<IActorRef> _idle = new();
    private double _nextDue;

    public void Start(long now)
    {
        _nextDue = now;
        Due = now;
        loop.Loop.Add(this);
    }

    public void End()
    {
        Due = long.MaxValue;
        loop.Loop.Remove(this);
        _overdue.Clear();
        _idle.Clear();
    }

    /// <summary>A connection that is due already; otherwise the client is told <see cref="Arrival"/> when one is.</summary>
    public bool TryTake(IActorRef client, out long due)
    {
        while (_overdue.TryDequeue(out due))
        {
            if (ClientLoop.Timestamp - due < patience)
                return true;
            recorder.Failed(new LoadError(LoadErrorKind.Timeout, "no free client"));
        }

        _idle.Enqueue(client);
        return false;
    }

    public override void Elapsed(long now)
    {
        for (now = ClientLoop.Timestamp; _nextDue <= now; _nextDue += _interval)
        {
            if (_idle.TryDequeue(out IActorRef? client))
                client.Tell(new Arrival((long)_nextDue), ActorRefs.NoSender);
            else
                _overdue.Enqueue((long)_nextDue);
        }

        Due = (long)_nextDue;
    }
}
