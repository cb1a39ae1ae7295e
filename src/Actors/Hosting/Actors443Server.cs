using Actors443.Engine;
using Actors443.Listening;
using Actors443.Supervision;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Hosting;

/// <summary>The server could not be started. The message names what is wrong and what to do.</summary>
public sealed class ServerStartException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>The actor system as the server of an ASP.NET Core application: whatever the application is, its requests come over actor-owned connections.</summary>
internal sealed class Actors443Server : IServer
{
    private static readonly TimeSpan StartWithin = TimeSpan.FromMinutes(15);

    private readonly IRequiredActor<Actors443Supervisor> _supervisor;
    private readonly ActorSystem _system;
    private readonly ServerEnvironment _environment;
    private readonly ServerAddressesFeature _addresses = new();

    public Actors443Server(ActorSystem system, IRequiredActor<Actors443Supervisor> supervisor, ServerEnvironment environment)
    {
        _supervisor = supervisor;
        _system = system;
        _environment = environment;
        Features.Set<IServerAddressesFeature>(_addresses);
    }

    public IFeatureCollection Features { get; } = new FeatureCollection();

    /// <summary>What was bound, once started.</summary>
    public IReadOnlyList<BoundListenerInfo> Listeners { get; private set; } = [];

    /// <summary>What is wrong with certificates, once started; the server serves with the others.</summary>
    public IReadOnlyList<string> CertificateProblems { get; private set; } = [];

    public async Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        IActorRef supervisor = await _supervisor.GetAsync(cancellationToken);
        ServingStarted started = await ServeAsync(supervisor, _environment.Lifecycle, ServedApplication.For(new TracedApplication<TContext>(application, _environment)), cancellationToken);
        Listeners = started.Listeners;
        CertificateProblems = started.CertificateProblems;
        foreach (string address in _environment.Lifecycle.Addresses)
            _addresses.Addresses.Add(address);
    }

    /// <summary>Starts serving the application.</summary>
    /// <exception cref="ServerStartException">It cannot be served.</exception>
    public static async Task<ServingStarted> ServeAsync(IActorRef supervisor, ServerLifecycle lifecycle, ServedApplication application, CancellationToken cancellationToken)
    {
        switch (await supervisor.Ask<object>(new StartServing(application), StartWithin, cancellationToken))
        {
            case ServingStarted started:
                lifecycle.Addresses = [.. started.Listeners.SelectMany(listener => listener.EndPoints.Select(endPoint => $"{(listener.Tls ? "https" : "http")}://{endPoint}"))];
                return started;
            case ServingFailed failed:
                throw new ServerStartException(failed.Problem, failed.Cause);
            case var other:
                throw new InvalidOperationException($"The supervisor answered {other}.");
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ClrExitReason.Instance);
        _environment.Lifecycle.Enter(ServerPhase.Stopped);
    }

    public void Dispose()
    {
        // The actors own everything there is to dispose, and StopAsync has stopped them.
    }

    private sealed class ServerAddressesFeature : IServerAddressesFeature
    {
        public ICollection<string> Addresses { get; } = [];

        public bool PreferHostingUrls { get; set; }
    }
}
