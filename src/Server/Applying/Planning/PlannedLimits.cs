using System.Globalization;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Server.Configuration;
using Actors443.Tunnels;

namespace Actors443.Server.Applying.Planning;

/// <summary>What limits are compared with.</summary>
internal sealed record LiveLoad(IReadOnlyList<ConnectionSnapshot> Connections, int Handshakes, IReadOnlyList<TunnelSnapshot> Tunnels);

/// <summary>Which limits get tighter, and how much of what lives is beyond them. Pure.</summary>
internal static class PlannedLimits
{
    private const string Stay = "stay; no more are let in until there are fewer";

    private static readonly Limit[] All =
    [
        new("actors443.admission.maximum-connections", settings => settings.Core.Admission.MaximumConnections, (load, settings) => Beyond(load.Connections.Count, settings.Core.Admission.MaximumConnections), Stay),
        new("actors443.admission.maximum-handshakes", settings => settings.Core.Admission.MaximumHandshakes, (load, settings) => Beyond(load.Handshakes, settings.Core.Admission.MaximumHandshakes), "the oldest are cut when more come"),
        new("actors443.admission.per-client.connections", settings => OrNone(settings.Core.Admission.PerClient.Connections), BeyondPerClient, Stay),
        new("actors443.admission.per-certificate.connections", settings => OrNone(settings.Core.Admission.PerCertificate.Connections), BeyondPerCertificate, Stay),
        new("actors443.deadlines.handshake", settings => Seconds(settings.Core.Deadlines.Handshake), (load, settings) => Count(load, Shaking, connection => connection.Age > settings.Core.Deadlines.Handshake), "are cut"),
        new("actors443.deadlines.idle", settings => Seconds(settings.Core.Deadlines.Idle), (load, settings) => Count(load, Idle, connection => connection.Idle > settings.Core.Deadlines.Idle), "are closed in order"),
        new("actors443.deadlines.age", settings => Seconds(settings.Core.Deadlines.Age), (load, settings) => Count(load, Open, connection => connection.Age > settings.Core.Deadlines.Age), "are drained"),
        new("actors443.deadlines.upgraded-idle", settings => Seconds(settings.Core.Deadlines.UpgradedIdle), (load, _) => Count(load, Upgraded, _ => true), "are closed once nothing has moved on them for so long"),
    ];

    public static IEnumerable<PlannedLimit> Between(ServerSettings before, ServerSettings after, LiveLoad load)
    {
        IReadOnlyDictionary<string, string> now = SettingsKeys.Of(before);
        IReadOnlyDictionary<string, string> then = SettingsKeys.Of(after);
        foreach (Limit limit in All)
        {
            if ((limit.Of(after) ?? double.MaxValue) < (limit.Of(before) ?? double.MaxValue))
                yield return new PlannedLimit(limit.Key, now[limit.Key], then[limit.Key], limit.Exceeding(load, after), limit.Effect);
        }

        foreach ((string name, TunnelAccountSettings account) in before.Core.Tunnels.Accounts)
        {
            if (after.Core.Tunnels.Accounts.GetValueOrDefault(name) is { } next && next.Limits.Tunnels < account.Limits.Tunnels)
            {
                yield return new PlannedLimit(
                    $"actors443.tunnels.accounts.{name}.limits.tunnels", Text(account.Limits.Tunnels), Text(next.Limits.Tunnels), Beyond(load.Tunnels.Count(tunnel => tunnel.Account == name), next.Limits.Tunnels), Stay);
            }
        }
    }

    private static int BeyondPerClient(LiveLoad load, ServerSettings settings)
    {
        ClientLimitSettings limits = settings.Core.Admission.PerClient;
        return load.Connections
            .Where(connection => !AdmissionGate.IsExempt(limits.Exempt, connection.Remote.Address))
            .CountBy(connection => ClientKey.Of(connection.Remote.Address, limits.Ipv4Mask, limits.Ipv6Mask))
            .Sum(client => Beyond(client.Value, limits.Connections));
    }

    // By subject, which is what a snapshot has of it.
    private static int BeyondPerCertificate(LiveLoad load, ServerSettings settings) =>
        load.Connections.Where(connection => connection.ClientCertificate is not null).CountBy(connection => connection.ClientCertificate!).Sum(client => Beyond(client.Value, settings.Core.Admission.PerCertificate.Connections));

    private static bool Shaking(ConnectionSnapshot connection) => connection.State is ConnectionState.Accepted or ConnectionState.HelloRead or ConnectionState.Admitted or ConnectionState.Handshaking;

    private static bool Open(ConnectionSnapshot connection) => connection.State == ConnectionState.Open;

    private static bool Idle(ConnectionSnapshot connection) => Open(connection) && connection.RequestsInFlight == 0;

    private static bool Upgraded(ConnectionSnapshot connection) => connection.State == ConnectionState.Upgraded;

    private static int Count(LiveLoad load, Func<ConnectionSnapshot, bool> state, Func<ConnectionSnapshot, bool> beyond) => load.Connections.Count(connection => state(connection) && beyond(connection));

    private static int Beyond(int count, int limit) => Math.Max(0, count - limit);

    private static double? OrNone(int limit) => limit == 0 ? null : limit;

    private static double? Seconds(TimeSpan? duration) => duration?.TotalSeconds;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <param name="Key">Where it is written.</param>
    /// <param name="Of">Its value; null: there is none.</param>
    /// <param name="Exceeding">How much is beyond it.</param>
    /// <param name="Effect">What becomes of that.</param>
    private sealed record Limit(string Key, Func<ServerSettings, double?> Of, Func<LiveLoad, ServerSettings, int> Exceeding, string Effect);
}
