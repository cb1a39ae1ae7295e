using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using Actors443.Admission;
using Actors443.Certificates;
using Actors443.Cluster.Generations;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Identities;
using Actors443.Listening;
using Actors443.Listening.Handover;
using Actors443.Server.Admin;
using Actors443.Server.Admin.Access;
using Actors443.Server.Admin.Audit;
using Actors443.Server.Applying;
using Actors443.Server.Applying.Planning;
using Actors443.Server.Configuration;
using Actors443.Server.Sites;
using Actors443.Supervision;
using Actors443.Testing;
using Actors443.Tunnels;
using Microsoft.Extensions.Logging.Abstractions;
using OpenTelemetry.Metrics;

namespace Actors443.IntegrationTests.Cli;

/// <summary>An admin server over a <see cref="FakeServerControl"/>, with a state directory of its own.</summary>
internal sealed class AdminFixture : IAsyncDisposable
{
    private readonly DirectoryInfo _state;
    private readonly AdminServer _server;
    private readonly AuditLog _audit;

    private AdminFixture(DirectoryInfo state, AdminServer server, FakeServerControl control, ServerSettings settings, AuditLog audit)
    {
        _audit = audit;
        _state = state;
        _server = server;
        Control = control;
        Settings = settings with { Admin = settings.Admin with { Bind = server.EndPoint } };
        Anonymous = new HttpClient { BaseAddress = new Uri($"http://{server.EndPoint}") };
        Authorized = new HttpClient { BaseAddress = Anonymous.BaseAddress };
        Authorized.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Token.Text);
    }

    public FakeServerControl Control { get; }

    public AdminToken Token => _server.Token;

    public IPEndPoint EndPoint => _server.EndPoint;

    /// <summary>Those a client of this server has, with the real port.</summary>
    public ServerSettings Settings { get; }

    public HttpClient Anonymous { get; }

    public HttpClient Authorized { get; }

    /// <summary>What was audited.</summary>
    public string[] Audited => [.. File.ReadLines(AuditLog.PathFor(Settings)!)];

    /// <param name="metrics">Shown at <c>/metrics</c>; null: none are.</param>
    /// <param name="configure">Further settings of the admin server, which by itself has no Unix socket here.</param>
    public static async Task<AdminFixture> StartAsync(MeterProvider? metrics = null, Func<AdminSettings, AdminSettings>? configure = null)
    {
        DirectoryInfo state = Directory.CreateTempSubdirectory("a443-admin-");
        ServerSettings settings = SettingsIn(state.FullName, new IPEndPoint(IPAddress.Loopback, 0));
        settings = settings with { Admin = configure?.Invoke(settings.Admin) ?? settings.Admin };
        var control = new FakeServerControl();
        var audit = new AuditLog(settings, TimeProvider.System, NullLoggerFactory.Instance);
        AdminServer server = await AdminServer.StartAsync(settings, control, metrics, new ListeningSockets(new InheritedSockets([])), audit, NullLoggerFactory.Instance, CancellationToken.None);
        return new AdminFixture(state, server, control, settings, audit);
    }

    public static ServerSettings SettingsIn(string stateDirectory, IPEndPoint bind) => new()
    {
        Core = new Actors443Settings { StateDirectory = stateDirectory },
        Admin = new AdminSettings { Bind = bind, UseUnixSocket = false },
    };

    public async ValueTask DisposeAsync()
    {
        Anonymous.Dispose();
        Authorized.Dispose();
        await _server.DisposeAsync();
        _audit.Dispose();
        _state.Delete(recursive: true);
    }
}

/// <summary>A server that is as a test says.</summary>
internal sealed class FakeServerControl : IServerControl
{
    private FixedDirectory? _directory;

    public List<ConnectionSnapshot> Connections { get; } = [];

    public List<string> Closed { get; } = [];

    public ServerReadiness Readiness { get; set; } = new([]);

    public int Drains { get; private set; }

    /// <summary>Thrown by every question but readiness; null: none.</summary>
    public Exception? Failure { get; set; }

    public static CertificateInfo Certificate { get; } = new()
    {
        Names = ["live.example"],
        Key = "ECDSA P-256",
        Issuer = "Some CA",
        NotBefore = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        NotAfter = new DateTimeOffset(2126, 1, 1, 0, 0, 0, TimeSpan.Zero),
        Source = "local CA",
        Fingerprint = "00",
    };

    public static ConnectionSnapshot Connection(string id, ConnectionState state = ConnectionState.Open, string? name = "localhost", int age = 1) => new()
    {
        Id = id,
        Listener = "https-443",
        State = state,
        Remote = new IPEndPoint(IPAddress.IPv6Loopback, 50_000),
        Age = TimeSpan.FromSeconds(age),
        Idle = TimeSpan.Zero,
        ServerName = name,
        ApplicationProtocol = "h2",
        TlsVersion = System.Security.Authentication.SslProtocols.Tls13,
        CipherSuite = System.Net.Security.TlsCipherSuite.TLS_AES_256_GCM_SHA384,
        Resumed = true,
        Requests = 3,
        RequestsInFlight = 1,
        BytesRead = 2048,
        BytesWritten = 4096,
    };

    public FixedDirectory Directory => _directory ??= new FixedDirectory(Connections);

    IConnectionDirectory IServerControl.Connections => Failure is null ? Directory : throw Failure;

    /// <summary>In force.</summary>
    public RunningConfiguration Configuration { get; set; } = RunningConfiguration.First(new ServerSettings(), DateTimeOffset.UnixEpoch);

    public Task<Preparation> PrepareAsync(ConfigurationCandidate candidate, CancellationToken cancellationToken)
    {
        LoadedSettings loaded = candidate.Load([]);
        return Answer(loaded.Settings is null
            ? Preparation.Refuse([.. loaded.Problems.Select(problem => problem.ToString())])
            : new Preparation(
                new PreparedConfiguration(
                    Configuration, loaded.Settings, SettingsChange.Between(Configuration.Settings, loaded.Settings), new PreparedSites([], new Dictionary<RouteSettings, IRouteHandler>(), [], []),
                    ConcernedConnections.Between(Configuration.Settings, loaded.Settings), []),
                []));
    }

    /// <summary>Of the cluster.</summary>
    public GenerationState Generation { get; set; } = new(ConfigurationGeneration.None, null, true);

    /// <summary>What a push is answered with; null: there is no cluster.</summary>
    public ConfigurationPushed? Pushed { get; set; }

    /// <summary>The generation that the last push was to replace.</summary>
    public long? Replaced { get; private set; }

    public Task<ConfigurationPushed?> PushAsync(ConfigurationCandidate candidate, long? replaces, string by, CancellationToken cancellationToken)
    {
        Replaced = replaces;
        return Answer(Pushed);
    }

    public Task<PlanReport> PlanAsync(PreparedConfiguration prepared, CancellationToken cancellationToken) => throw new NotSupportedException("No test asks this one.");

    public Task<Commit> CommitAsync(PreparedConfiguration prepared, string by)
    {
        if (prepared.BasedOn != Configuration)
            return Answer(new Commit(CommitOutcome.Superseded, Configuration, ["it has changed"]));
        Configuration = Configuration.Next(prepared.Loaded, DateTimeOffset.UnixEpoch, by);
        return Answer(new Commit(CommitOutcome.Applied, Configuration, []));
    }

    public IRevocations Revocations => throw new NotSupportedException("No test asks this one.");

    public Task<IReadOnlyList<ClusterNodeReport>> ListNodesAsync(CancellationToken cancellationToken) => Answer<IReadOnlyList<ClusterNodeReport>>([]);

    public Task<ConnectionReport?> FindConnectionAsync(string id, CancellationToken cancellationToken) =>
        Answer(Connections.Find(connection => connection.Id == id) is { } found ? ConnectionReport.Of(found, null) : null);

    public Task<bool> CloseConnectionAsync(string id, CancellationToken cancellationToken)
    {
        bool found = Connections.RemoveAll(connection => connection.Id == id) > 0;
        if (found)
            Closed.Add(id);
        return Answer(found);
    }

    public Task<CertificateListing> ListCertificatesAsync(CancellationToken cancellationToken) => Answer(new CertificateListing(true, [Certificate], []));

    public Task<RenewalReport> RenewCertificateAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult(new RenewalReport(name == "live.example", $"Asked for {name}."));

    public Task<StoryReport> ExplainCertificateAsync(string name, CancellationToken cancellationToken) => Task.FromResult(name == "live.example"
        ? new StoryReport([name], "Waiting", "All is well.", [new StoryReport.Line(Certificate.NotBefore, "It was ordered.")])
        : new StoryReport([], "none", $"{name} has no certificate by ACME.", []));

    public List<TunnelSnapshot> Tunnels { get; } = [];

    public Task<IReadOnlyList<TunnelSnapshot>> ListTunnelsAsync(CancellationToken cancellationToken) => Answer<IReadOnlyList<TunnelSnapshot>>(Tunnels);

    public Task<bool> KillTunnelAsync(string id, CancellationToken cancellationToken) => Answer(Tunnels.RemoveAll(tunnel => tunnel.Id == id) > 0);

    public SiteListing ListSites(int limit) => Failure is null ? Sites : throw Failure;

    public SiteListing Sites { get; set; } = new(1, [new SiteReport("*", [new SiteRouteReport("/*", "proxy", null, [new UpstreamReport("http://127.0.0.1:8080/", "healthy", 2)])])], []);

    public ActorReport? Tree { get; set; } = new("actors443", "Actors443Supervisor", 1, [new ActorReport("listeners", "ListenerSupervisor", 0, [], 0, null)], 0, null);

    public ActorReport? Supervision() => Failure is null ? Tree : throw Failure;

    public IMeterFactory Meters => TestMeters.Factory;

    public Task<ServerStatus> StatusAsync(CancellationToken cancellationToken) => Answer(new ServerStatus
    {
        Version = "1.2.3",
        Phase = "running",
        ProcessId = 1,
        MemoryBytes = 64 << 20,
        ProcessorSeconds = 1.5,
        StartedAt = DateTimeOffset.UnixEpoch,
        UptimeSeconds = 5,
        Engine = "portable",
        Listeners = [new BoundListenerInfo("https-443", true, [new IPEndPoint(IPAddress.IPv6Any, 8443)], "no right")],
        Sites = ["*"],
        CertificateGeneration = 2,
        Certificates = 1,
        Connections = Connections.Count,
        Handshakes = 0,
        Mode = AdmissionMode.Shedding,
        ConfigurationFiles = [],
    });

    /// <summary>Awaited before admission is told.</summary>
    public Task SlowFacts { get; set; } = Task.CompletedTask;

    public async Task<AdmissionStatus> AdmissionAsync(CancellationToken cancellationToken)
    {
        await SlowFacts.WaitAsync(cancellationToken);
        return await Answer(new AdmissionStatus(
            AdmissionMode.Shedding, DateTimeOffset.UnixEpoch, ["cpu 99% (limit 97%)"], [new LoadSample("cpu", 0.99, new LoadThreshold(0.97, null))], 1, 100, 0, 1, 2));
    }

    public Task<ServerReadiness> ReadinessAsync(CancellationToken cancellationToken) => Task.FromResult(Readiness);

    public Task<UpgradeReport> UpgradeAsync() => Answer(new UpgradeReport(1, 2, 3, 30));

    public Task BeginDrainAsync(CancellationToken cancellationToken)
    {
        Drains++;
        return Task.CompletedTask;
    }

    private Task<T> Answer<T>(T value) => Failure is null ? Task.FromResult(value) : Task.FromException<T>(Failure);
}
