using System.Diagnostics.Metrics;
using Actors443.Acme.Dns;
using Actors443.Acme.OnDemand;
using Actors443.Configuration;
using Actors443.Supervision;
using Actors443.Tls.Deciding;
using Actors443.Tunnels.Egress;
using Akka.Actor;
using Akka.DependencyInjection;
using Akka.Hosting;
using Akka.Util;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.Hosting;

/// <summary>
/// What the actors of one actor system share. By itself <c>WithActors443</c> cannot register services, for Akka.Hosting asks for it when the host's are complete; so these are a
/// container of their own, which takes logging, metrics, time and what implements Actors443's interfaces from the host's, and is disposed of with the actor system.
/// </summary>
internal sealed class Actors443Parts(IServiceProvider services) : IExtension
{
    public IServiceProvider Services => services;

    public ServerEnvironment Environment => services.GetRequiredService<ServerEnvironment>();

    /// <summary>Whether <c>WithActors443</c> was called for this actor system.</summary>
    public static bool IsIn(ActorSystem system) => system.Settings.Setup.Get<Actors443Setup>().HasValue || DependencyResolver.For(system).Resolver.GetService<ServerEnvironment>() is not null;

    /// <exception cref="SettingsException">The settings are wrong.</exception>
    public static Actors443Parts Of(ActorSystem system) => (Actors443Parts)system.RegisterExtension(Id.Instance);

    private static Actors443Parts Create(ExtendedActorSystem system)
    {
        IServiceProvider host = DependencyResolver.For(system).Resolver.GetService<IServiceProvider>();
        Option<Actors443Setup> setup = system.Settings.Setup.Get<Actors443Setup>();
        if (!setup.HasValue)
            return new Actors443Parts(host);
        Actors443Options options = setup.Value.Options;
        Actors443Settings settings = options.Read(system.Settings.Config);
        if (settings.Drain != setup.Value.Drain)
            throw new SettingsException([new(SettingsSeverity.Error, null, 0, "actors443.drain", "is in HOCON added after WithActors443, too late for the phases of the shutdown; add it before")]);

        IServiceCollection services = options.Services;
        services.AddSingleton(host.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance);
        services.AddSingleton<IReadOnlyActorRegistry>(ActorRegistry.For(system));
        Take<IMeterFactory>(host, services);
        Take<TimeProvider>(host, services);
        Take<IDnsChallengeProvider>(host, services);
        Take<ITargetResolver>(host, services);
        Take<IHandshakeDecider>(host, services);
        Take<ICertificatePermission>(host, services);
        services.AddActors443(settings);
        Microsoft.Extensions.DependencyInjection.ServiceProvider parts = services.BuildServiceProvider();
        system.RegisterOnTermination(() => parts.DisposeAsync().AsTask().GetAwaiter().GetResult());
        return new Actors443Parts(parts);
    }

    // As instances, which are their maker's to dispose of.
    private static void Take<T>(IServiceProvider host, IServiceCollection services)
        where T : class
    {
        foreach (T instance in host.GetServices<T>())
            services.AddSingleton(instance);
    }

    private sealed class Id : ExtensionIdProvider<Actors443Parts>
    {
        public static Id Instance { get; } = new();

        public override Actors443Parts CreateExtension(ExtendedActorSystem system) => Create(system);
    }
}
