using System.Diagnostics;
using Actors443.Engine;
using Actors443.Supervision;
using Akka.Actor;
using Akka.DependencyInjection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Hosting;

/// <summary>An application that is no web host's: a pipeline on the services of whatever host there is.</summary>
internal sealed class EmbeddedApplication(RequestDelegate pipeline, IHttpContextFactory contexts) : IHttpApplication<HttpContext>
{
    /// <summary>Builds the pipeline and starts serving it.</summary>
    /// <exception cref="ServerStartException">It cannot be served, or the host serves another one with Actors443.</exception>
    public static async Task ServeAsync(IActorRef supervisor, ServerEnvironment environment, IDependencyResolver resolver, Action<IApplicationBuilder> configure)
    {
        IServiceProvider services = resolver.GetService<IServiceProvider>();
        if (services.GetService<Actors443Server>() is not null)
            throw new ServerStartException("This web host is served by Actors443 already (UseActors443); take away either that or Serve(…).");
        var builder = new ApplicationBuilder(new WithDiagnostics(services));
        RequestDelegate pipeline;
        try
        {
            new ConnectionRequests(environment).Configure(configure)(builder);
            pipeline = builder.Build();
        }
        catch (InvalidOperationException cause) when (services.GetService<Microsoft.AspNetCore.Routing.EndpointDataSource>() is null)
        {
            throw new ServerStartException($"The application of Serve(…) cannot be built: {cause.Message} For endpoints the host needs builder.Services.AddRouting().", cause);
        }

        var application = new EmbeddedApplication(pipeline, services.GetService<IHttpContextFactory>() ?? new DefaultHttpContextFactory(services));
        await Actors443Server.ServeAsync(supervisor, environment.Lifecycle, ServedApplication.For(application), CancellationToken.None);
    }

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => contexts.Create(contextFeatures);

    public Task ProcessRequestAsync(HttpContext context) => pipeline(context);

    public void DisposeContext(HttpContext context, Exception? exception) => contexts.Dispose(context);

    /// <summary>The host's services, and what middleware asks for that a host has only if it is a web host.</summary>
    private sealed class WithDiagnostics(IServiceProvider host) : IServiceProvider
    {
        // Nobody listens who does not look for it by its name, and then it is there as long as the process.
        private static readonly DiagnosticListener Listener = new("Microsoft.AspNetCore");

        public object? GetService(Type serviceType) =>
            host.GetService(serviceType) ?? (serviceType == typeof(DiagnosticListener) || serviceType == typeof(DiagnosticSource) ? Listener : null);
    }
}
