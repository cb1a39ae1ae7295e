using Actors443.Acme.Challenges;
using Actors443.Acme.OnDemand;
using Actors443.Acme.Orders;
using Actors443.Admission;
using Actors443.Certificates;
using Actors443.Certificates.Ocsp;
using Actors443.Certificates.Revocation;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Dns;
using Actors443.Engine;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Engine.Portable;
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
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Actors443.Hosting;

/// <summary>How a host gets Actors443.</summary>
public static class Actors443Hosting
{
    /// <summary>Registers what the actors share. Call it once, before <see cref="WithActors443"/>.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="settings">As read from HOCON or made in code.</param>
    /// <param name="configure">What is added in code; null: nothing.</param>
    public static IServiceCollection AddActors443(this IServiceCollection services, Actors443Settings settings, Action<Actors443Options>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        configure?.Invoke(new Actors443Options(services));
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<MonotonicClock>();
        services.AddSingleton<ServerLifecycle>();
        services.AddSingleton<PublishedCertificates>();
        services.AddSingleton<PublishedRevocations>();
        services.AddSingleton<PublishedStaples>();
        services.AddSingleton<ConnectionMetrics>();
        services.AddSingleton(provider => new AdmissionGate(settings.Admission, provider.GetRequiredService<TimeProvider>()));
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
        services.AddSingleton(provider => new TlsFrontEnd(settings.Https, provider.GetRequiredService<PublishedCertificates>(), provider.GetRequiredService<ChallengeAnswers>().TlsAlpn, settings.Certificates.TicketKeys, provider.GetRequiredService<PublishedRevocations>(), provider.GetRequiredService<TimeProvider>())
        {
            Deciders = HandshakeDeciders.Of(provider.GetServices<IHandshakeDecider>(), provider.GetRequiredService<ILoggerFactory>()),
        });
        services.AddSingleton(new ConnectionLifetimes(settings.Deadlines, settings.Drain));
        services.AddSingleton(provider => new PublishedTicketKeys(settings.Certificates.TicketKeys, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PortableEngine>();
        services.TryAddSingleton(provider => EngineChoice.Make(provider, settings, OpenSsl.Missing));
        services.AddSingleton<DnsResolver>();
        services.AddSingleton<IDnsResolver>(provider => provider.GetRequiredService<DnsResolver>());
        services.AddSingleton<DnsMetrics>();
        services.AddSingleton(settings);
        services.AddSingleton<AdmissionMetrics>();
        services.AddSingleton<CertificateMetrics>();
        services.AddTunnels(settings.Tunnels);
        services.AddSingleton<ServerEnvironment>();
        return services;
    }

    /// <summary>Starts <c>/user/actors443</c> in the actor system; <c>IRequiredActor&lt;Actors443Supervisor&gt;</c> finds it.</summary>
    public static AkkaConfigurationBuilder WithActors443(this AkkaConfigurationBuilder builder, Actors443Settings settings)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(settings);
        return builder
            .AddHocon(ActorSystemHocon.For(settings), HoconAddMode.Append)
            .WithActors((system, registry, resolver) =>
            {
                ServerEnvironment environment = resolver.GetService<ServerEnvironment>();
                IActorRef supervisor = system.ActorOf(Props.CreateBy(new SupervisorProducer(environment)), ActorNames.Root);
                registry.Register<Actors443Supervisor>(supervisor);
            });
    }

    /// <summary>Makes Actors443 the server of this web host: every request of its application comes over an actor-owned connection.</summary>
    public static IWebHostBuilder UseActors443(this IWebHostBuilder builder) => builder.ConfigureServices(services =>
    {
        services.AddSingleton<Actors443Server>();
        services.AddSingleton<IServer>(provider => provider.GetRequiredService<Actors443Server>());
        services.AddTransient<IStartupFilter, ConnectionRequests>();
    });

    /// <summary>Serves tunnels (<c>actors443.tunnels</c>) to clients that have an account. Everybody else is the next step's: put it before whatever would refuse CONNECT.</summary>
    public static IApplicationBuilder UseActors443Tunnels(this IApplicationBuilder application)
    {
        ArgumentNullException.ThrowIfNull(application);
        TunnelMiddleware tunnels = application.ApplicationServices.GetRequiredService<TunnelMiddleware>();
        return application.Use(next => context => tunnels.InvokeAsync(context, next));
    }

    private static void AddTunnels(this IServiceCollection services, TunnelSettings settings)
    {
        services.AddSingleton(provider => new TunnelAccounts(settings, provider.GetRequiredService<TimeProvider>()));
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
