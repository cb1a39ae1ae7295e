using System.Diagnostics.Metrics;
using System.Net;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Engine.Portable;

/// <summary>Kestrel's socket connections and HTTP code with SslStream between them: every platform, and the reference for other engines.</summary>
internal sealed class PortableEngine(ConnectionMetrics metrics, IMeterFactory meters, ILoggerFactory loggers, MonotonicClock clock, TimeProvider time) : IConnectionEngine
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    public string Name => "portable";

    public async Task<IEngineListener> ListenAsync(ListenRequest request, CancellationToken cancellationToken)
    {
        List<PortableListener> bound = Bind(request);
        try
        {
            var kestrel = BuildKestrel(request, bound);
            await request.Application.StartAsync(kestrel.Server, cancellationToken);
            return new BoundListener(kestrel.Host, kestrel.Server, bound);
        }
        catch
        {
            foreach (PortableListener listener in bound)
                await listener.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private List<PortableListener> Bind(ListenRequest request)
    {
        var bound = new List<PortableListener>(request.EndPoints.Count);
        try
        {
            foreach (IPEndPoint endPoint in request.EndPoints)
                bound.Add(new PortableListener(endPoint, request.Backlog, request.Gate, request.OnFault, metrics, loggers, time));
            return bound;
        }
        catch (BindException)
        {
            foreach (PortableListener listener in bound)
                listener.Unbind();
            throw;
        }
    }

    // The builder is only a way to Kestrel's server object: the host made from it is never started.
    private (WebApplication Host, IServer Server) BuildKestrel(ListenRequest request, List<PortableListener> bound)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(meters);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.Services.AddSingleton<IConnectionListenerFactory>(new PortableListenerFactory(bound));
        builder.WebHost.ConfigureKestrel(options =>
        {
            KestrelLimits.Apply(options, request.Limits, request.Deadlines);
            foreach (PortableListener listener in bound)
                options.Listen((IPEndPoint)listener.EndPoint, listen => Configure(listen, request));
        });
        WebApplication host = builder.Build();
        return (host, host.Services.GetRequiredService<IServer>());
    }

    private void Configure(ListenOptions listen, ListenRequest request)
    {
        if (request.Tls is not { } tls)
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => transport => ServePlainAsync(transport, next, request));
            return;
        }

        listen.Protocols = HttpProtocols.Http1AndHttp2;
        var handler = new PortableConnectionHandler(request, tls, metrics, clock, loggers);
        listen.Use(next => transport => handler.ServeAsync(transport, next));
        // Stands aside when it sees our TLS features; without it Kestrel would call the address http and warn about HTTP/2.
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => throw new InvalidOperationException("A connection reached Kestrel's own TLS step; ours comes first and must have failed."),
        });
    }

    private static async Task ServePlainAsync(ConnectionContext transport, ConnectionDelegate next, ListenRequest request)
    {
        try
        {
            await next(transport);
        }
        finally
        {
            request.Gate.Leave(((IPEndPoint)transport.RemoteEndPoint!).Address);
        }
    }

    private sealed class BoundListener(WebApplication host, IServer server, List<PortableListener> bound) : IEngineListener
    {
        public IReadOnlyList<IPEndPoint> EndPoints { get; } = [.. bound.Select(listener => (IPEndPoint)listener.EndPoint)];

        public Task UnbindAsync()
        {
            foreach (PortableListener listener in bound)
                listener.Unbind();
            return Task.CompletedTask;
        }

        public async ValueTask DisposeAsync()
        {
            await UnbindAsync();
            // Connections were drained by their owners; what they said last may still be on its way to the socket. What stays open is aborted.
            using var patience = new CancellationTokenSource(LastWords);
            await server.StopAsync(patience.Token);
            await host.DisposeAsync();
        }
    }
}
