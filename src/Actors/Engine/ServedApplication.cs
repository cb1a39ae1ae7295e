using Microsoft.AspNetCore.Hosting.Server;

namespace Actors443.Engine;

/// <summary>The application of a listener with its context type hidden, so that it can be started on whatever server the engine builds.</summary>
internal abstract class ServedApplication
{
    public static ServedApplication For<TContext>(IHttpApplication<TContext> application)
        where TContext : notnull => new Typed<TContext>(application);

    public abstract Task StartAsync(IServer server, CancellationToken cancellationToken);

    private sealed class Typed<TContext>(IHttpApplication<TContext> application) : ServedApplication
        where TContext : notnull
    {
        public override Task StartAsync(IServer server, CancellationToken cancellationToken) => server.StartAsync(application, cancellationToken);
    }
}
