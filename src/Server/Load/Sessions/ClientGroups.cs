using Actors443.Server.Load.Settings;

namespace Actors443.Server.Load.Sessions;

/// <summary>The mode of a group, made real.</summary>
internal static class ClientGroups
{
    public static ClientGroup Create(LoadGroup settings, GroupPlace place) => settings switch
    {
        SteadyGroup steady => new SteadyClients(steady, place),
        HandshakesGroup handshakes => new HandshakeClients(handshakes, place),
        HoldGroup hold => new HoldClients(hold, place),
        StormGroup storm => new StormClients(storm, place),
        WebSocketGroup webSocket => new WebSocketClients(webSocket, place),
        DohGroup doh => DohClients.Create(doh, place),
        TunnelGroup tunnel => new TunnelClients(tunnel, place),
        AbuseGroup abuse => new AbuseClients(abuse, place),
        _ => throw new NotSupportedException(settings.Mode),
    };
}
