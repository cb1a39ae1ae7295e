using System.Diagnostics.Metrics;
using Actors443.Acme.Challenges;
using Actors443.Acme.OnDemand;
using Actors443.Acme.Orders;
using Actors443.Admission;
using Actors443.Admission.Sharing;
using Actors443.Certificates;
using Actors443.Certificates.Ocsp;
using Actors443.Certificates.Revocation;
using Actors443.Cluster.Generations;
using Actors443.Cluster.Nodes;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Dns;
using Actors443.Engine;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Engine.Portable;
using Actors443.Engine.Quic;
using Actors443.Identities;
using Actors443.Listening.Handover;
using Actors443.Remoting;
using Actors443.Requests;
using Actors443.Routing;
using Actors443.Routing.Conversations;
using Actors443.Supervision;
using Actors443.Telemetry;
using Actors443.Tls;
using Actors443.Tls.Deciding;
using Actors443.Tunnels;
using Actors443.Tunnels.Accounts;
using Actors443.Tunnels.Egress;
using Actors443.Tunnels.Http;
using Actors443.Tunnels.Sessions;
using Akka.Actor;
using Akka.Configuration;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Actors443.Hosting;

/// <summary>How a host gets Actors443.</summary>
public static class Actors443Hosting
{
    /// <summary>
    /// Starts Actors443 in this actor system, at <c>/user/actors443</c>; <c>IRequiredActor&lt;Actors443Supervisor&gt;</c> finds it. It serves the web host's application
    /// (<see cref="UseActors443"/>), or one of its own (<see cref="Actors443Options.Serve"/>). Settings are read from <c>actors443 { … }</c> of the HOCON added so far.
    /// </summary>
    /// <param name="builder">The actor system's.</param>
    /// <param name="configure">What is said in code, which wins over HOCON; null: nothing.</param>
    /// <exception cref="SettingsException">Settings are wrong; thrown when the host starts, with a line for everything.</exception>
    public static AkkaConfigurationBuilder WithActors443(this AkkaConfigurationBuilder builder, Action<Actors443Options>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = new Actors443Options(new ServiceCollection());
        configure?.Invoke(options);
        Actors443Settings settings = options.Read(builder.Configuration.GetOrElse(Config.Empty));
        return builder
            .AddSetup(new Actors443Setup(options, settings.Drain))
            .AddHocon(ActorSystemHocon.For(settings), HoconAddMode.Append)
            .WithActors(async (system, registry, resolver) =>
            {
                Actors443Parts parts = Actors443Parts.Of(system);
                IActorRef supervisor = StartSupervisor(system, registry, parts.Environment);
                ActorRoute.CheckSettingsWhenStarted(resolver.GetService<IServiceProvider>(), parts.Services.GetRequiredService<RouteGuards>());
                if (options.Application is { } application)
                    await EmbeddedApplication.ServeAsync(supervisor, parts.Environment, resolver, application);
            });
    }

    /// <summary>
    /// Has Akka.Remote go over the https listeners of Actors443 instead of a port of its own (<c>akka.remote.actors443</c>): mutual TLS, certificates that change while it runs, one open port.
    /// Goes with <see cref="WithActors443(AkkaConfigurationBuilder, Action{Actors443Options}?)"/>, and with Akka.Cluster.Hosting's <c>WithClustering</c>.
    /// </summary>
    /// <param name="builder">The actor system's.</param>
    /// <param name="configure">What is said in code, which wins over HOCON; null: nothing.</param>
    public static AkkaConfigurationBuilder WithActors443Remoting(this AkkaConfigurationBuilder builder, Action<Actors443RemotingOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = new Actors443RemotingOptions();
        configure?.Invoke(options);
        if (!builder.ActorRefProvider.HasValue)
            builder.WithActorRefProvider(ProviderSelection.Remote.Instance);
        return builder
            .AddSetup(new RemotingSetup { Validate = options.ValidatePeer, Listener = options.Listener })
            .AddHocon(RemotingHocon.Of(options), HoconAddMode.Prepend)
            .AddHocon(RemotingHocon.Reference, HoconAddMode.Append);
    }

    /// <summary>
    /// A health check by Akka.Hosting's own mechanism, <c>actors443</c>: unhealthy while a load balancer should send nobody here (starting, a listener down, accepting paused,
    /// no valid certificate, draining). The host must have <c>AddHealthChecks()</c>.
    /// </summary>
    /// <param name="builder">The actor system's.</param>
    /// <param name="failureStatus">What not being ready counts as; null: unhealthy.</param>
    /// <param name="tags">Null: <c>akka</c>, <c>actors443</c>, <c>ready</c>.</param>
    public static AkkaConfigurationBuilder WithActors443HealthCheck(this AkkaConfigurationBuilder builder, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithHealthCheck("actors443", new Actors443HealthCheck(), failureStatus, tags ?? ["akka", "actors443", "ready"], timeout: null);
    }

    /// <summary>The phase of Actors443 in this actor system, and the addresses it listens on.</summary>
    public static ServerLifecycle GetActors443Lifecycle(this ActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        return Actors443Parts.Of(system).Environment.Lifecycle;
    }

    /// <summary>Who is connected, on every node of the cluster if there is one.</summary>
    /// <exception cref="SettingsException">The settings are wrong.</exception>
    public static IConnectionDirectory GetConnectionDirectory(this ActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        return Actors443Parts.Of(system).Environment.Settings.Cluster.Enabled
            ? new ClusterConnectionDirectory(new ClusterNodes(system))
            : new LocalConnectionDirectory(ActorRegistry.For(system).GetAsync<Actors443Supervisor>());
    }

    /// <summary>Who may not come in any more, on every node of the cluster if there is one.</summary>
    /// <exception cref="SettingsException">The settings are wrong.</exception>
    public static IRevocations GetRevocations(this ActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        ServerEnvironment environment = Actors443Parts.Of(system).Environment;
        return new Revocations(ActorRegistry.For(system).GetAsync<Actors443Supervisor>(), environment.Revoked, environment.Settings.Cluster.Enabled ? new ClusterNodes(system) : null);
    }

    /// <summary>
    /// Tells an actor of the connections that are accepted from now on, until it stops: <see cref="ConnectionOpened"/> once the handshake is done, <see cref="ConnectionClosed"/> at its
    /// end. The sender is the actor of the connection. Connections that come to no handshake are not told of; those leave an <see cref="Obituary"/> on the event stream. Thread-safe.
    /// </summary>
    /// <returns>Completes when it is in force.</returns>
    public static async Task ObserveConnectionsAsync(this ActorSystem system, IActorRef observer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(observer);
        IActorRef supervisor = await ActorRegistry.For(system).GetAsync<Actors443Supervisor>(cancellationToken);
        await supervisor.Ask<ObservingConnections>(new ObserveConnections(observer), cancellationToken);
    }

    /// <summary>Registers what the actors share with the host's own services, for a host that exchanges some of it: the program, tests. Goes with the other <c>WithActors443</c>.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="settings">As read from HOCON or made in code.</param>
    /// <param name="configure">What is added in code; null: nothing.</param>
    internal static IServiceCollection AddActors443(this IServiceCollection services, Actors443Settings settings, Action<Actors443Options>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        configure?.Invoke(new Actors443Options(services));
        settings = settings.Prepared(services.Select(service => service.ImplementationInstance).OfType<MappedProtocol>().Select(protocol => protocol.Name));
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<MonotonicClock>();
        services.AddSingleton<ServerLifecycle>();
        services.AddSingleton<PublishedCertificates>();
        services.AddSingleton<PublishedRevocations>();
        services.AddSingleton<RevokedIdentities>();
        services.AddSingleton<RevocationMetrics>();
        services.AddSingleton<KnownPeers>();
        services.AddSingleton<RemotingMetrics>();
        services.AddSingleton<RemotingDoor>();
        services.AddSingleton<PublishedStaples>();
        services.AddSingleton<ConnectionMetrics>();
        services.AddSingleton<SharedLimits>();
        services.AddSingleton<ClusterLimitMetrics>();
        // A host's settings are its own; the program says otherwise.
        services.TryAddSingleton(new ClusterConfiguration(takesPart: false));
        services.AddSingleton<ClusterConfigurationMetrics>();
        services.AddSingleton(provider => new CertificateCounts(settings.Admission.PerCertificate, provider.GetRequiredService<SharedLimits>()));
        services.AddSingleton(provider => new AdmissionGate(settings.Admission, provider.GetRequiredService<TimeProvider>()) { Sharing = provider.GetRequiredService<SharedLimits>(), Nodes = provider.GetRequiredService<KnownPeers>() }.GuardMemory(MemoryGuard.ForThisProcess));
        services.AddSingleton<AcmeMetrics>();
        services.AddSingleton(provider =>
        {
            var statuses = new NameSetStatuses();
            provider.GetRequiredService<AcmeMetrics>().Observe(statuses, provider.GetRequiredService<TimeProvider>());
            return statuses;
        });
        services.AddSingleton<ChallengeAnswers>();
        services.AddSingleton(provider =>
        {
            var gate = new OnDemandGate(provider.GetRequiredService<PublishedCertificates>(), provider.GetRequiredService<AcmeMetrics>(), provider.GetRequiredService<TimeProvider>());
            provider.GetRequiredService<AcmeMetrics>().Observe(gate);
            return gate;
        });
        // After the embedder's own: nothing is ordered for whom they refuse.
        services.AddSingleton<IHandshakeDecider>(provider => provider.GetRequiredService<OnDemandGate>());
        services.AddSingleton(provider => new TlsFrontEnd(settings.Https, provider.GetRequiredService<PublishedCertificates>(), provider.GetRequiredService<ChallengeAnswers>().TlsAlpn, settings.Certificates.TicketKeys, provider.GetRequiredService<PublishedRevocations>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<RevokedIdentities>())
        {
            Nodes = provider.GetRequiredService<RemotingDoor>(),
            Deciders = HandshakeDeciders.Of(provider.GetServices<IHandshakeDecider>(), provider.GetRequiredService<ILoggerFactory>()),
        });
        services.AddSingleton(provider => new ConnectionLifetimes(settings.Deadlines, settings.Drain) { Revoked = provider.GetRequiredService<RevokedIdentities>(), Certificates = provider.GetRequiredService<CertificateCounts>() });
        services.TryAddSingleton(Predecessor.None);
        services.AddSingleton(new ListeningSockets(InheritedSockets.OfProcess));
        services.AddSingleton(provider => new PublishedTicketKeys(settings.Certificates.TicketKeys, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<Predecessor>().Legacy));
        services.AddSingleton<ClusterTicketKeyMetrics>();
        services.AddSingleton<PortableEngine>();
        services.TryAddSingleton(provider => EngineChoice.Make(provider, settings, OpenSsl.Missing));
        services.AddSingleton<Http3Engine>();
        services.AddSingleton<Http3Offer>();
        services.AddSingleton<DnsResolver>();
        services.AddSingleton<IDnsResolver>(provider => provider.GetRequiredService<DnsResolver>());
        services.AddSingleton<DnsMetrics>();
        services.AddSingleton(settings);
        services.AddSingleton<AdmissionMetrics>();
        services.AddSingleton<CertificateMetrics>();
        services.AddTunnels(settings.Tunnels);
        services.AddSingleton(provider => new RouteGuards(settings.Requests, provider.GetRequiredService<MonotonicClock>(), provider.GetRequiredService<IMeterFactory>(), provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<RoutingMetrics>();
        services.AddSingleton<ConnectionRouter>();
        services.AddSingleton<ServerEnvironment>();
        return services;
    }

    /// <summary>Starts Actors443 with what <see cref="AddActors443"/> has registered.</summary>
    internal static AkkaConfigurationBuilder WithActors443(this AkkaConfigurationBuilder builder, Actors443Settings settings) => builder
        .AddHocon(ActorSystemHocon.For(settings), HoconAddMode.Append)
        .WithActors((system, registry, _) => StartSupervisor(system, registry, Actors443Parts.Of(system).Environment));

    /// <summary>Makes Actors443 the server of this web host: every request of its application comes over an actor-owned connection.</summary>
    public static IWebHostBuilder UseActors443(this IWebHostBuilder builder) => builder.ConfigureServices(services =>
    {
        services.AddSingleton(provider => new Actors443Server(SystemOf(provider), provider.GetRequiredService<IRequiredActor<Actors443Supervisor>>(), provider.GetRequiredService<ServerEnvironment>()));
        services.AddSingleton<IServer>(provider => provider.GetRequiredService<Actors443Server>());
        services.AddTransient<IStartupFilter, ConnectionRequests>();
        // Made with the actor system, and not disposable: its parts are disposed of with it.
        services.TryAddSingleton(provider => Actors443Parts.Of(SystemOf(provider)).Environment);
        services.TryAddSingleton(provider => provider.GetRequiredService<ServerEnvironment>().Lifecycle);
        services.TryAddSingleton(provider => SystemOf(provider).GetConnectionDirectory());
        services.TryAddSingleton(provider => SystemOf(provider).GetRevocations());
    });

    /// <summary>Serves tunnels (<c>actors443.tunnels</c>) to clients that have an account. Everybody else is the next step's: put it before whatever would refuse CONNECT.</summary>
    public static IApplicationBuilder UseActors443Tunnels(this IApplicationBuilder application)
    {
        ArgumentNullException.ThrowIfNull(application);
        TunnelMiddleware tunnels = Actors443Parts.Of(SystemOf(application.ApplicationServices)).Services.GetRequiredService<TunnelMiddleware>();
        return application.Use(next => context => tunnels.InvokeAsync(context, next));
    }

    private static ActorSystem SystemOf(IServiceProvider services) => services.GetService<ActorSystem>()
        ?? throw new ServerStartException("UseActors443 has no actor system to serve with; add one: builder.Services.AddAkka(\"my-system\", akka => akka.WithActors443()).");

    private static IActorRef StartSupervisor(ActorSystem system, IActorRegistry registry, ServerEnvironment environment)
    {
        environment.Nodes.DialBy(environment.Engine, ((ExtendedActorSystem)system).SystemActorOf(Props.Create<DialedConnectionsActor>(environment), DialedConnectionsActor.ActorName));
        RemotingSystems.Of(system).Open(environment.Nodes);
        IActorRef supervisor = system.ActorOf(Props.CreateBy(new SupervisorProducer(environment)), ActorNames.Root);
        registry.Register<Actors443Supervisor>(supervisor);
        return supervisor;
    }

    private static void AddTunnels(this IServiceCollection services, TunnelSettings settings)
    {
        services.AddSingleton(provider => new TunnelAccounts(settings, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<RevokedIdentities>(), provider.GetRequiredService<SharedLimits>()));
        services.AddSingleton<TunnelTable>();
        services.AddSingleton<SessionTable>();
        services.TryAddSingleton<ITargetResolver, SystemResolver>();
        services.AddSingleton<TunnelDialer>();
        services.AddSingleton<TunnelMetrics>();
        services.AddSingleton<TunnelMiddleware>();
    }

    private sealed class SupervisorProducer(ServerEnvironment environment) : IIndirectActorProducer
    {
        public Type ActorType => typeof(Actors443Supervisor);

        public ActorBase Produce() => new Actors443Supervisor(environment);

        public void Release(ActorBase actor)
        {
        }
    }
}
