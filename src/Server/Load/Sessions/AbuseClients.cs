using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Protocols;
using Actors443.Server.Load.Settings;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>Clients that misbehave in one way. How a server ends them is counted by the way it does so.</summary>
internal sealed class AbuseClients : ClientGroup
{
    /// <summary>At most so often in one go, so that other clients have their turn.</summary>
    private const int Burst = 100;

    private static readonly long ShortestInterval = ClientLoop.ToTicks(TimeSpan.FromMilliseconds(20));

    private readonly AbuseKind _kind;
    private readonly double _interval;

    public AbuseClients(AbuseGroup settings, GroupPlace place)
        : base(settings, place, AbuseProtocol.IsHttp2(settings.Kind) ? LoadProtocol.Http2 : LoadProtocol.Http1, plain: settings.Kind is AbuseKind.Silent or AbuseKind.Garbage)
    {
        _kind = settings.Kind;
        double second = ClientLoop.ToTicks(TimeSpan.FromSeconds(1));
        _interval = settings.Rate is { } rate ? second * settings.Clients / rate : AbuseProtocol.IsSlow(settings.Kind) ? second : 0;
        Plan = Plan with
        {
            RequestTimeout = ConnectionPlan.Never,
            ConnectTimeout = settings.Kind == AbuseKind.HalfHandshake ? ConnectionPlan.Never : Plan.ConnectTimeout,
            StopsInHandshake = settings.Kind == AbuseKind.HalfHandshake,
            ReadsOnDemand = settings.Kind == AbuseKind.SlowRead,
            ReceiveBuffer = settings.Kind == AbuseKind.SlowRead ? 2_048 : null,
        };
    }

    protected override ClientProtocol CreateProtocol(IActorRef owner) => new AbuseProtocol(_kind, Address, Recorder);

    protected override ActorBase CreateActor(int number) => new AbuseSessionActor(this, number);

    private sealed class AbuseSessionActor(AbuseClients group, int number) : ClientSessionActor(group, number)
    {
        private double _next;

        protected override void Begun() => Again();

        protected override void Resumed() => Again();

        protected override void Ended(bool failed)
        {
            // To be cut off is what it came for; it waits only for its rate, or where nobody listens.
            if (AbuseProtocol.Repeats(group._kind) || group._interval == 0)
                Pause();
            else
                PauseUntil((long)(_next += group._interval));
        }

        protected override void Opened()
        {
            if (!AbuseProtocol.Repeats(group._kind))
                return;
            _next = ClientLoop.Timestamp;
            Act();
        }

        protected override void WokenUp()
        {
            if (IsOpen)
                Act();
        }

        private void Again()
        {
            _next = Math.Max(_next, ClientLoop.Timestamp);
            Open(resume: false);
        }

        private void Act()
        {
            long now = ClientLoop.Timestamp;
            int times = group._interval == 0 ? Burst : (int)Math.Min(Burst, (now - _next) / group._interval + 1);
            _next += times * group._interval;
            ((AbuseProtocol)Connection.Protocol).Act(times);
            if (IsOpen)
                Connection.WakeAt(Math.Max((long)_next, now + ShortestInterval));
        }
    }
}
