using Akka.Actor;
using Akka.Event;

namespace Actors443.Tunnels;

/// <summary>To a tunnel's actor: its relay has ended, for the reason the tunnel knows.</summary>
internal sealed class TunnelOver : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    public static TunnelOver Instance { get; } = new();
}

/// <summary>To a tunnel's actor: it is connected.</summary>
internal sealed class TunnelConnected : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    public static TunnelConnected Instance { get; } = new();
}

/// <summary>To a tunnel's actor: end it.</summary>
internal sealed record EndTunnel(TunnelEndReason Reason) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

/// <summary>To the supervisor: answer with a <see cref="TunnelList"/>.</summary>
internal sealed record ListTunnels : INoSerializationVerificationNeeded
{
    public static ListTunnels Instance { get; } = new();
}

internal sealed record TunnelList(IReadOnlyList<TunnelSnapshot> Tunnels) : INoSerializationVerificationNeeded;

/// <summary>To the supervisor: end the tunnel of that id; answers true, or false if there is none.</summary>
internal sealed record KillTunnel(string Id) : INoSerializationVerificationNeeded;

/// <summary>To the supervisor: the settings are others now.</summary>
internal sealed class TunnelSettingsChanged : INoSerializationVerificationNeeded
{
    public static TunnelSettingsChanged Instance { get; } = new();
}
