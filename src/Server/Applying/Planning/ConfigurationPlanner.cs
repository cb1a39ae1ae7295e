using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Hosting;
using Actors443.Server.Configuration;
using Actors443.Server.Sites;
using Actors443.Supervision;
using Actors443.Tunnels;
using Akka.Actor;
using Akka.Hosting;

namespace Actors443.Server.Applying.Planning;

/// <summary>Says what prepared settings would do to the connections there are. Changes nothing; thread-safe.</summary>
internal sealed class ConfigurationPlanner(IRequiredActor<Actors443Supervisor> supervisor, ServerEnvironment environment, Actors443Server server, TimeProvider time)
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);

    /// <exception cref="AskTimeoutException">The connections were not told in time.</exception>
    public async Task<PlanReport> PlanAsync(PreparedConfiguration prepared, CancellationToken cancellationToken)
    {
        IActorRef root = await supervisor.GetAsync(cancellationToken);
        IReadOnlyList<ConnectionSnapshot> connections = (await root.Ask<ConnectionList>(ListConnections.Instance, AnswerWithin, cancellationToken)).Connections;
        ServerSettings before = prepared.BasedOn.Settings;
        ServerSettings after = prepared.Change.Applicable;
        SettingsChange change = prepared.Change;
        return new PlanReport
        {
            Plan = $"{prepared.BasedOn.Version}.{prepared.Fingerprint}",
            BasedOn = prepared.BasedOn.Version,
            HasChanges = !change.IsEmpty,
            Connections = connections.Count,
            Drained = prepared.Concerned.IsNone ? 0 : connections.Count(prepared.Concerned.Includes),
            TunnelsEnded = ReferenceEquals(before.Core.Tunnels, after.Core.Tunnels) ? 0 : environment.Tunnels.All.Count(tunnel => !IsAllowed(tunnel, after.Core.Tunnels)),
            Listeners = [.. PlannedListeners.Between(before.Core, prepared.Loaded.Core, change.RestartKeys, server.Listeners, connections)],
            Sites = [.. Sites(before, after, prepared.Concerned, connections)],
            Routes = [.. Routes(before, after, connections)],
            Certificates = [.. PlannedCertificates.Between(before.Core.Certificates, after.Core.Certificates, time.GetUtcNow(), connections)],
            Limits = [.. PlannedLimits.Between(before, after, new LiveLoad(connections, environment.Gate.Handshakes, [.. environment.Tunnels.All.Select(tunnel => tunnel.Snapshot())]))],
            LiveKeys = change.LiveKeys,
            RestartKeys = change.RestartKeys,
            Warnings = prepared.Warnings,
        };
    }

    private static IEnumerable<PlannedSite> Sites(ServerSettings before, ServerSettings after, ConcernedConnections concerned, IReadOnlyList<ConnectionSnapshot> connections)
    {
        ILookup<string?, ConnectionSnapshot> bySite = connections.ToLookup(concerned.SiteOf, StringComparer.OrdinalIgnoreCase);
        Dictionary<string, SiteSettings> wanted = after.Sites.ToDictionary(site => site.Name, StringComparer.OrdinalIgnoreCase);
        foreach (SiteSettings site in before.Sites)
        {
            bool stays = wanted.Remove(site.Name, out SiteSettings? next);
            ConnectionSnapshot[] own = [.. bySite[site.Name]];
            int drained = own.Count(concerned.Includes);
            if (stays && ReferenceEquals(site, next) && drained == 0)
                continue;
            yield return new PlannedSite(
                site.Name, stays ? PlannedChange.Changed : PlannedChange.Removed, stays ? [.. WhatChanges(site, next!)] : [], own.Length, own.Count(connection => connection.State == ConnectionState.Upgraded), drained);
        }

        foreach (SiteSettings site in after.Sites.Where(site => wanted.ContainsKey(site.Name)))
            yield return new PlannedSite(site.Name, PlannedChange.Added, [], 0, 0, 0);
    }

    private static IEnumerable<string> WhatChanges(SiteSettings before, SiteSettings after)
    {
        if (!SettingsKeys.AreSame(before.Routes, after.Routes))
            yield return "routes";
        if (before.Certificate != after.Certificate || !SettingsKeys.AreSame(before.CertificateFiles ?? new(), after.CertificateFiles ?? new()))
            yield return "certificate";
        if (!SettingsKeys.AreSame(before.ClientCertificates, after.ClientCertificates))
            yield return "client-certificates";
        if (before.Hsts != after.Hsts)
            yield return "hsts";
        if (before.Compression != after.Compression)
            yield return "compression";
    }

    private static IEnumerable<PlannedRoute> Routes(ServerSettings before, ServerSettings after, IReadOnlyList<ConnectionSnapshot> connections)
    {
        Dictionary<string, ConnectionRouteSettings> wanted = after.Core.Routes.ToDictionary(route => route.Name, StringComparer.Ordinal);
        foreach (ConnectionRouteSettings route in before.Core.Routes)
        {
            int led = connections.Count(connection => connection.Route == route.Name);
            if (!wanted.Remove(route.Name, out ConnectionRouteSettings? next))
                yield return new PlannedRoute(route.Name, PlannedChange.Removed, led, led);
            else if (!SettingsKeys.AreSame(route, next))
                yield return new PlannedRoute(route.Name, PlannedChange.Changed, led, 0);
        }

        foreach (string name in wanted.Keys)
            yield return new PlannedRoute(name, PlannedChange.Added, 0, 0);
    }

    private static bool IsAllowed(Tunnel tunnel, TunnelSettings settings) =>
        settings.Accounts.TryGetValue(tunnel.Account.Name, out TunnelAccountSettings? account) && tunnel.IsAllowedBy(account);
}
