using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Identities;
using Actors443.Telemetry;
using Actors443.Tunnels.Accounts;
using Actors443.Tunnels.Sessions;
using Actors443.Tunnels.Targets;
using Akka.Actor;

namespace Actors443.Tunnels;

/// <summary>
/// Knows the tunnels of all connections, <c>/user/actors443/tunnels</c>: lists them, passes on what is asked of one, and once a second looks for those that are idle or old,
/// so that none has a timer of its own. Their actors live under their connections; those of sessions, which outlive connections, are its own.
/// </summary>
internal sealed class TunnelSupervisor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    // A client that has ended its side is most likely gone.
    private static readonly TimeSpan AfterClient = TimeSpan.FromSeconds(30);

    private readonly TunnelAccounts _accounts;
    private readonly TunnelTable _table;
    private readonly SessionTable _sessions;
    private readonly MonotonicClock _clock;
    private readonly ILogger _log;

    public TunnelSupervisor(TunnelAccounts accounts, TunnelTable table, SessionTable sessions, MonotonicClock clock, ILoggerFactory loggers)
    {
        _accounts = accounts;
        _table = table;
        _sessions = sessions;
        _clock = clock;
        _log = loggers.CreateLogger(LogCategories.Tunnels);
        Receive<Sweep>(_ => OnSweep());
        Receive<ListTunnels>(_ => Sender.Tell(new TunnelList([.. _table.All.Select(tunnel => tunnel.Snapshot())])));
        Receive<CountTunnels>(count => Sender.Tell(OfRevoked(count.Revoked).Count()));
        Receive<CutTunnels>(cut => Sender.Tell(OnCut(cut.Revoked)));
        Receive<KillTunnel>(kill => Sender.Tell(OnKill(kill.Id)));
        Receive<OpenSession>(open => Context.ActorOf(Props.Create<TunnelSessionActor>(open.Session, _sessions, _table, _log)));
        Receive<TunnelSettingsChanged>(_ => OnSettingsChanged());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    // The connection to a target cannot be taken up again by another instance.
    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    protected override void PreStart() => WatchIfNeeded();

    private void OnSettingsChanged()
    {
        WatchIfNeeded();
        foreach (Tunnel tunnel in _table.All)
        {
            if (!_accounts.Has(tunnel.Account) || (tunnel.Address is { } address && tunnel.Policy.Check(tunnel.Target, address.Address) != AddressVerdict.Allowed))
                tunnel.Actor.Tell(new EndTunnel(TunnelEndReason.NotAllowedAnyMore));
        }
    }

    // Nobody is woken for tunnels that there cannot be.
    private void WatchIfNeeded()
    {
        if (_accounts.All.Count == 0 && _table.IsEmpty)
            Timers.CancelAll();
        else if (!Timers.IsTimerActive(Sweep.Instance))
            Timers.StartPeriodicTimer(Sweep.Instance, Sweep.Instance, SweepEvery);
    }

    private void OnSweep()
    {
        long now = _clock.NowMs;
        foreach (Tunnel tunnel in _table.All)
        {
            TunnelEndReason passed = Look(tunnel, now);
            if (passed != TunnelEndReason.None)
                tunnel.Actor.Tell(new EndTunnel(passed));
        }

        OnSweepSessions(now);
    }

    private void OnSweepSessions(long now)
    {
        double window = _accounts.Settings.Resume.Window.TotalMilliseconds;
        foreach (TunnelSession session in _sessions.All)
        {
            if (session.Front is null && now - session.DetachedAtMs >= window)
                session.Tunnel.Actor.Tell(new EndTunnel(TunnelEndReason.ResumeTimeout));
        }
    }

    private static TunnelEndReason Look(Tunnel tunnel, long now)
    {
        TunnelLimitSettings limits = tunnel.Account.Limits;
        long bytes = tunnel.BytesUp + tunnel.BytesDown;
        if (bytes != tunnel.SeenBytes)
            (tunnel.SeenBytes, tunnel.SeenAtMs) = (bytes, now);
        if (limits.Age is { } age && now - tunnel.StartedAtMs >= age.TotalMilliseconds)
            return TunnelEndReason.AgeLimit;
        TimeSpan? idle = tunnel.HasClientEnded && !(limits.Idle < AfterClient) ? AfterClient : limits.Idle;
        return now - tunnel.SeenAtMs >= idle?.TotalMilliseconds ? TunnelEndReason.IdleTimeout : TunnelEndReason.None;
    }

    private int OnCut(RevokedSet revoked)
    {
        int count = 0;
        foreach (Tunnel tunnel in OfRevoked(revoked))
        {
            // At once: its actor may be still to come.
            tunnel.End(TunnelEndReason.Revoked);
            count++;
        }

        return count;
    }

    private IEnumerable<Tunnel> OfRevoked(RevokedSet revoked) => _table.All.Where(tunnel => !tunnel.HasEnded && revoked.Find(tunnel.Proof) is not null);

    private bool OnKill(string id)
    {
        if (_table.Find(id) is not { } tunnel)
            return false;
        tunnel.Actor.Tell(new EndTunnel(TunnelEndReason.Killed));
        return true;
    }

    private sealed class Sweep : INoSerializationVerificationNeeded
    {
        public static Sweep Instance { get; } = new();
    }
}
