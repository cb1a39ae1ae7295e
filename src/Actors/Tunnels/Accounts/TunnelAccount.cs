using Actors443.Admission;
using Actors443.Admission.Sharing;
using Actors443.Configuration;
using Actors443.Tunnels.Targets;

namespace Actors443.Tunnels.Accounts;

/// <summary>An account as it is in force: rules and limits are replaced on a reload, what was counted stays. Thread-safe.</summary>
internal sealed class TunnelAccount(string name, TimeProvider time, SharedLimits? sharing = null) : SharedCount
{
    private volatile Terms _terms = new(new TunnelAccountSettings());
    private readonly Lock _tunnelsGate = new();
    private readonly HashSet<Tunnel> _tunnels = [];
    private long _endedUp;
    private long _endedDown;

    public string Name => name;

    public override string Key => $"{TunnelAccounts.Kind}:{name}";

    public TunnelLimitSettings Limits => _terms.Settings.Limits;

    public TargetPolicy Targets => _terms.Targets;

    /// <summary>Where UDP may lead.</summary>
    public TargetPolicy UdpTargets => _terms.UdpTargets;

    public AccountRate Up { get; } = new(time);

    public AccountRate Down { get; } = new(time);

    public void Apply(TunnelAccountSettings settings)
    {
        _terms = new Terms(settings);
        Up.BytesPerSecond = settings.Limits.RateUp ?? 0;
        Down.BytesPerSecond = settings.Limits.RateDown ?? 0;
    }

    /// <summary>False: it has as many tunnels as it may.</summary>
    public bool TryEnter(Tunnel tunnel)
    {
        int limit = Limits.Tunnels;
        lock (_tunnelsGate)
        {
            if (TryEnter(limit) != EnterResult.Entered)
                return false;
            _tunnels.Add(tunnel);
        }

        sharing?.Changed(this, limit);
        return true;
    }

    /// <summary>A tunnel that had entered is over: its bytes will be no more.</summary>
    public void Leave(Tunnel tunnel)
    {
        lock (_tunnelsGate)
        {
            if (!_tunnels.Remove(tunnel))
                return;
            _endedUp += tunnel.BytesUp;
            _endedDown += tunnel.BytesDown;
            Leave();
        }

        sharing?.Changed(this, Limits.Tunnels);
    }

    /// <summary>Tunnels now, and the bytes of all there ever were: to targets, and to clients.</summary>
    public (int Open, long Up, long Down) Usage()
    {
        lock (_tunnelsGate)
            return (_tunnels.Count, _endedUp + _tunnels.Sum(tunnel => tunnel.BytesUp), _endedDown + _tunnels.Sum(tunnel => tunnel.BytesDown));
    }

    private sealed record Terms(TunnelAccountSettings Settings)
    {
        public TargetPolicy Targets { get; } = new(Settings.Allow, Settings.PrivateNetworks);

        public TargetPolicy UdpTargets { get; } = new(Settings.AllowUdp, Settings.PrivateNetworks);
    }
}
