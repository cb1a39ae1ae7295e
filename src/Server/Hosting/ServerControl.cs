using System.Diagnostics.Metrics;
using Actors443.Acme.Orders;
using Actors443.Admission;
using Actors443.Certificates;
using Actors443.Cluster.Generations;
using Actors443.Cluster.Nodes;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Dns;
using Actors443.Hosting;
using Actors443.Identities;
using Actors443.Server.Admin;
using Actors443.Server.Applying;
using Actors443.Server.Applying.Generations;
using Actors443.Server.Applying.Planning;
using Actors443.Server.Cli;
using Actors443.Server.Hosting.Upgrades;
using Actors443.Server.Sites;
using Actors443.Server.Telemetry;
using Actors443.Supervision;
using Actors443.Tunnels;
using Akka.Actor;
using Akka.Hosting;
using Yarp.ReverseProxy;

namespace Actors443.Server.Hosting;

/// <summary>The admin API's questions, put to the actors.</summary>
internal sealed class ServerControl(
    IRequiredActor<Actors443Supervisor> supervisor,
    ServerEnvironment environment,
    Actors443Server server,
    ActorSystem system,
    IConnectionDirectory directory,
    IRevocations revocations,
    SiteDirectory sites,
    IProxyStateLookup proxies,
    IMeterFactory meters,
    ConfigurationApplier applier,
    ConfigurationPlanner planner,
    TimeProvider time,
    ServerStart start,
    CancellationTokenSource stopping,
    ProcessUpgrade upgrade) : IServerControl
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan NodeAnswersWithin = TimeSpan.FromSeconds(2);

    // Whoever decides waits for the slowest node, up to a minute and a half.
    private static readonly TimeSpan PushedWithin = TimeSpan.FromMinutes(3);

    public IConnectionDirectory Connections => directory;

    public IRevocations Revocations => revocations;

    public RunningConfiguration Configuration => applier.Running;

    public Task<Preparation> PrepareAsync(ConfigurationCandidate candidate, CancellationToken cancellationToken) =>
        applier.PrepareAsync(candidate.Files.Count == 0 ? applier.LoadAgain() : applier.Load(candidate), cancellationToken);

    public Task<PlanReport> PlanAsync(PreparedConfiguration prepared, CancellationToken cancellationToken) => planner.PlanAsync(prepared, cancellationToken);

    public async Task<Commit> CommitAsync(PreparedConfiguration prepared, string by) =>
        Generation.InForce is { Files.Count: > 0 } generation && prepared.Change.LiveKeys.FirstOrDefault(ClusterScope.Includes) is { } key
            ? new Commit(CommitOutcome.Superseded, applier.Running, [$"{key} is as generation {generation.Number} of the cluster says; 'actors443 apply --cluster' changes it on all nodes"])
            : await applier.CommitAsync(prepared, by);

    public GenerationState Generation => environment.ClusterConfiguration.State;

    public async Task<ConfigurationPushed?> PushAsync(ConfigurationCandidate candidate, long? replaces, string by, CancellationToken cancellationToken)
    {
        if (!environment.Settings.Cluster.Enabled)
            return null;
        var nodes = new ClusterNodes(system);
        var pushed = new ConfigurationGeneration
        {
            Files = [.. candidate.Files.Select(file => new ConfigurationText(file.Name, file.Text))],
            Overrides = candidate.Overrides,
            By = $"{by}, on {nodes.Self}",
        };
        try
        {
            return await system.ActorSelection(ClusterNodes.PathHere(ConfigurationNodeActor.Name)).Ask<ConfigurationPushed>(new PushConfiguration(pushed.Pack(), replaces), PushedWithin, cancellationToken);
        }
        catch (AskTimeoutException cause)
        {
            throw new TimeoutException("The cluster did not decide in time.", cause);
        }
    }

    public async Task<IReadOnlyList<ClusterNodeReport>> ListNodesAsync(CancellationToken cancellationToken)
    {
        if (!environment.Settings.Cluster.Enabled)
            return [];
        var nodes = new ClusterNodes(system);
        Dictionary<string, NodeStatus?> answers = (await nodes.AskAllAsync<NodeStatus>(NodeActor.Name, AskNodeStatus.Instance, NodeAnswersWithin, cancellationToken: cancellationToken))
            .ToDictionary(answer => answer.Node, answer => answer.Answer);
        return [.. nodes.Members.Select(member => Report(member, ClusterNodes.NameOf(member.Address)))];

        ClusterNodeReport Report(Akka.Cluster.Member member, string name) => new()
        {
            Name = name,
            IsThisOne = name == nodes.Self,
            Status = member.Status.ToString().ToLowerInvariant(),
            IsReachable = nodes.IsReachable(member),
            Node = answers.GetValueOrDefault(name),
        };
    }

    public async Task<ConnectionReport?> FindConnectionAsync(string id, CancellationToken cancellationToken)
    {
        var filter = ConnectionFilter.Of("one", connection => connection.Id == id);
        FoundConnections found = await AskAsync<FoundConnections>(new FindConnections(filter, ConnectionOrder.Age, 1), cancellationToken);
        return found.First is [{ } connection] ? ConnectionReport.Of(connection, null) : null;
    }

    public Task<bool> CloseConnectionAsync(string id, CancellationToken cancellationToken) =>
        AskAsync<bool>(new TellConnection(id, new Close(CloseReason.ClosedByRequest, "by the admin API")), cancellationToken);

    public async Task<CertificateListing> ListCertificatesAsync(CancellationToken cancellationToken)
    {
        CertificateList list = await AskAsync<CertificateList>(ListCertificates.Instance, cancellationToken);
        return new CertificateListing(true, list.Certificates, list.Problems, list.Canary, environment.FrontEnd.PolicyCanary);
    }

    public async Task<RenewalReport> RenewCertificateAsync(string name, CancellationToken cancellationToken)
    {
        RenewalAnswer answer = await AskAsync<RenewalAnswer>(new RenewCertificate(name), cancellationToken);
        return new RenewalReport(answer.Found, answer.Message);
    }

    public async Task<StoryReport> ExplainCertificateAsync(string name, CancellationToken cancellationToken)
    {
        CertificateStory story = await AskAsync<CertificateStory>(new ExplainCertificate(name), cancellationToken);
        return new StoryReport(story.Names, story.State, story.Summary, [.. story.Lines.Select(line => new StoryReport.Line(line.At, line.Text))]);
    }

    public async Task<IReadOnlyList<TunnelSnapshot>> ListTunnelsAsync(CancellationToken cancellationToken) =>
        (await AskAsync<TunnelList>(ListTunnels.Instance, cancellationToken)).Tunnels;

    public Task<bool> KillTunnelAsync(string id, CancellationToken cancellationToken) => AskAsync<bool>(new KillTunnel(id), cancellationToken);

    public IMeterFactory Meters => meters;

    public SiteListing ListSites(int limit) => SiteListing.Of(sites.Current, proxies, environment.Router.Table, limit);

    public ActorReport? Supervision() => ActorRegistry.For(system).TryGet<Actors443Supervisor>(out IActorRef root) ? ActorReport.Of(root) : null;

    public Task<AdmissionStatus> AdmissionAsync(CancellationToken cancellationToken) =>
        AskAsync<AdmissionStatus>(GetAdmissionStatus.Instance, cancellationToken);

    public Task<ServerStatus> StatusAsync(CancellationToken cancellationToken)
    {
        CertificateIndex certificates = environment.Certificates.Current;
        DateTimeOffset now = time.GetUtcNow();
        return Task.FromResult(new ServerStatus
        {
            Version = ServerVersion.Product,
            Phase = environment.Lifecycle.Phase.ToString().ToLowerInvariant(),
            ProcessId = Environment.ProcessId,
            MemoryBytes = Environment.WorkingSet,
            ProcessorSeconds = Environment.CpuUsage.TotalTime.TotalSeconds,
            StartedAt = environment.Lifecycle.StartedAt,
            UptimeSeconds = (now - environment.Lifecycle.StartedAt).TotalSeconds,
            Engine = environment.Engine.Name,
            Listeners = server.Listeners,
            Sites = [.. sites.Current.Sites.Select(site => site.Name)],
            CertificateGeneration = certificates.Generation,
            Certificates = certificates.Certificates.Count,
            Connections = environment.Gate.Connections,
            Handshakes = environment.Gate.Handshakes,
            Mode = environment.Gate.Mode,
            Drain = environment.Lifecycle.Drain,
            Dns = sites.Current.Sites.Any(site => site.Settings.Routes.Any(route => route is DnsRoute)) ? DnsStatus.Of(environment.Dns) : null,
            ConfigurationFiles = [.. start.Files.Select(Path.GetFullPath)],
        });
    }

    public Task<ServerReadiness> ReadinessAsync(CancellationToken cancellationToken) => Task.FromResult(ServerReadiness.Of(environment));

    public async Task<UpgradeReport> UpgradeAsync()
    {
        int connections = environment.Gate.Connections;
        return new UpgradeReport(Environment.ProcessId, await upgrade.RunAsync(), connections, environment.Settings.Drain.Deadline.TotalSeconds);
    }

    public Task BeginDrainAsync(CancellationToken cancellationToken) => stopping.CancelAsync();

    private async Task<T> AskAsync<T>(object question, CancellationToken cancellationToken)
    {
        IActorRef root = await supervisor.GetAsync(cancellationToken);
        try
        {
            return await root.Ask<T>(question, AnswerWithin, cancellationToken);
        }
        catch (AskTimeoutException cause)
        {
            throw new TimeoutException("The server did not answer in time.", cause);
        }
    }
}
