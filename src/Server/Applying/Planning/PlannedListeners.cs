using System.Net;
using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Connections;
using Actors443.Listening;
using Actors443.Supervision;

namespace Actors443.Server.Applying.Planning;

/// <summary>Which listeners are bound otherwise at the next start, and what hangs on them. Pure.</summary>
internal static class PlannedListeners
{
    public static IEnumerable<PlannedListener> Between(
        Actors443Settings before, Actors443Settings after, IReadOnlyList<string> restartKeys, IReadOnlyList<BoundListenerInfo> bound, IReadOnlyList<ConnectionSnapshot> connections) =>
        Of(tls: true, "https", before.Https.Bind, after.Https.Bind, restartKeys, bound, connections)
            .Concat(Of(tls: false, "http", before.Http.Enabled ? before.Http.Bind : [], after.Http.Enabled ? after.Http.Bind : [], restartKeys, bound, connections));

    private static IEnumerable<PlannedListener> Of(
        bool tls, string section, IReadOnlyList<IPEndPoint> before, IReadOnlyList<IPEndPoint> after, IReadOnlyList<string> restartKeys, IReadOnlyList<BoundListenerInfo> bound, IReadOnlyList<ConnectionSnapshot> connections)
    {
        if (!restartKeys.Any(key => HoconPath.IsBelow(key, "actors443." + section)))
            yield break;
        string name = bound.FirstOrDefault(listener => listener.Tls == tls)?.Name ?? ActorNames.Listener(section, after.Concat(before).First().Port);
        PlannedChange change = (before.Count, after.Count) switch
        {
            (0, _) => PlannedChange.Added,
            (_, 0) => PlannedChange.Removed,
            _ => PlannedChange.Changed,
        };
        yield return new PlannedListener(
            name, change, [.. after.Except(before).Select(address => address.ToString())], [.. before.Except(after).Select(address => address.ToString())], connections.Count(connection => connection.Listener == name));
    }
}
