using System.Diagnostics.Metrics;
using Actors443.Admission;
using Actors443.Cluster.Generations;
using Actors443.Connections.Directory;
using Actors443.Identities;
using Actors443.Server.Applying;
using Actors443.Server.Applying.Planning;
using Actors443.Server.Hosting.Upgrades;
using Actors443.Supervision;
using Actors443.Tunnels;

namespace Actors443.Server.Admin;

/// <summary>
/// What the admin API asks of the running server. Calls come from any thread and may run at once; an answer that does not come in
/// time ends in a <see cref="TimeoutException"/>, which the API reports as 503.
/// </summary>
internal interface IServerControl
{
    /// <summary>Who is connected, on all nodes.</summary>
    IConnectionDirectory Connections { get; }

    /// <summary>The configuration in force.</summary>
    RunningConfiguration Configuration { get; }

    /// <summary>Whether a configuration could be put in force. Changes nothing.</summary>
    Task<Preparation> PrepareAsync(ConfigurationCandidate candidate, CancellationToken cancellationToken);

    /// <summary>What it would do to the live connections of this node.</summary>
    Task<PlanReport> PlanAsync(PreparedConfiguration prepared, CancellationToken cancellationToken);

    /// <summary>Puts it in force, all of it or nothing.</summary>
    Task<Commit> CommitAsync(PreparedConfiguration prepared, string by);

    /// <summary>By which generation of the cluster's configuration this node serves.</summary>
    GenerationState Generation { get; }

    /// <summary>Has a configuration in force on all nodes, or on none. Null: there is no cluster.</summary>
    /// <param name="candidate">The files.</param>
    /// <param name="replaces">Only if this generation is the cluster's; null: whichever is.</param>
    /// <param name="by">Who wants it, for people.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<ConfigurationPushed?> PushAsync(ConfigurationCandidate candidate, long? replaces, string by, CancellationToken cancellationToken);

    /// <summary>Who is revoked, on all nodes.</summary>
    IRevocations Revocations { get; }

    /// <summary>The nodes of the cluster and how they are, the oldest first; empty: there is no cluster.</summary>
    Task<IReadOnlyList<ClusterNodeReport>> ListNodesAsync(CancellationToken cancellationToken);

    /// <summary>One connection of this node; null: there is none of that id.</summary>
    Task<ConnectionReport?> FindConnectionAsync(string id, CancellationToken cancellationToken);

    /// <summary>Closes one connection of this node, whatever is in flight on it. False: there is none of that id.</summary>
    Task<bool> CloseConnectionAsync(string id, CancellationToken cancellationToken);

    /// <summary>Every certificate being served, and what is wrong with the others.</summary>
    Task<CertificateListing> ListCertificatesAsync(CancellationToken cancellationToken);

    /// <summary>Has the certificate of a name ordered anew at once; says what came of asking.</summary>
    Task<RenewalReport> RenewCertificateAsync(string name, CancellationToken cancellationToken);

    /// <summary>The story of a name's orders.</summary>
    Task<StoryReport> ExplainCertificateAsync(string name, CancellationToken cancellationToken);

    /// <summary>Every open tunnel, in no order.</summary>
    Task<IReadOnlyList<TunnelSnapshot>> ListTunnelsAsync(CancellationToken cancellationToken);

    /// <summary>Ends one tunnel. False: there is none of that id.</summary>
    Task<bool> KillTunnelAsync(string id, CancellationToken cancellationToken);

    /// <summary>What is served and where it is led to.</summary>
    /// <param name="limit">How many sites, at most.</param>
    SiteListing ListSites(int limit);

    /// <summary>The supervision tree; null: it does not stand yet.</summary>
    ActorReport? Supervision();

    /// <summary>Whose instruments are this server's.</summary>
    IMeterFactory Meters { get; }

    Task<ServerStatus> StatusAsync(CancellationToken cancellationToken);

    Task<AdmissionStatus> AdmissionAsync(CancellationToken cancellationToken);

    /// <summary>Whether a load balancer should send clients here.</summary>
    Task<ServerReadiness> ReadinessAsync(CancellationToken cancellationToken);

    /// <summary>Has a new process of the installed program take this one's place; completes when that serves.</summary>
    /// <exception cref="UpgradeException">It does not; this one goes on.</exception>
    Task<UpgradeReport> UpgradeAsync();

    /// <summary>Begins the graceful stop that SIGTERM begins; returns without waiting for its end.</summary>
    Task BeginDrainAsync(CancellationToken cancellationToken);
}
