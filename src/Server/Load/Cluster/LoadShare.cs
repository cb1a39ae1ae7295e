using Actors443.Server.Load.Settings;

namespace Actors443.Server.Load.Cluster;

/// <summary>What one of several load nodes does of a run: its part of every group's clients and rate.</summary>
internal static class LoadShare
{
    /// <param name="index">From 0.</param>
    /// <returns>Groups with fewer clients than nodes are left out where none falls.</returns>
    public static LoadSettings Of(LoadSettings settings, int index, int nodes) =>
        settings with { Groups = [.. settings.Groups.Select(group => Of(group, index, nodes)).Where(group => group.Connections > 0)] };

    private static LoadGroup Of(LoadGroup group, int index, int nodes)
    {
        int clients = group.Connections / nodes + (index < group.Connections % nodes ? 1 : 0);
        double share = (double)clients / group.Connections;
        return group switch
        {
            SteadyGroup steady => steady with { Clients = clients, Rate = steady.Rate * share },
            HandshakesGroup handshakes => handshakes with { Clients = clients, Rate = handshakes.Rate * share },
            HoldGroup hold => hold with { Sessions = clients },
            StormGroup storm => storm with { Sessions = clients },
            // A client's own rate does not change with their number.
            WebSocketGroup socket => socket with { Clients = clients },
            DohGroup doh => doh with { Clients = clients, Rate = doh.Rate * share },
            TunnelGroup tunnel => tunnel with { Clients = clients },
            AbuseGroup abuse => abuse with { Clients = clients, Rate = abuse.Rate * share },
            _ => throw new NotSupportedException(group.Mode),
        };
    }
}
