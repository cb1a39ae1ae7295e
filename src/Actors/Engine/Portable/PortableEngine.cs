using System.Diagnostics.Metrics;
using System.Net;
using Actors443.Engine.Dialing;
using Actors443.Listening.Handover;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Actors443.Engine.Portable;

/// <summary>Kestrel's socket connections and HTTP code with SslStream between them: every platform, and the reference for other engines.</summary>
internal sealed class PortableEngine(ListeningSockets sockets, ConnectionMetrics metrics, IMeterFactory meters, ILoggerFactory loggers, MonotonicClock clock, TimeProvider time) : IConnectionEngine
{
    public string Name => "portable";

    public IReadOnlyList<ActorPlace> Places { get; } = [ActorPlace.ThreadPool];

    public async Task<IEngineListener> ListenAsync(ListenRequest request, CancellationToken cancellationToken)
    {
        List<PortableListener> bound = Bind(request);
        try
        {
            KestrelHost kestrel = KestrelHost.Build(
                request, bound.Select(listener => (IPEndPoint)listener.EndPoint), new PortableListenerFactory(bound), listen => Configure(listen, request), meters, loggers);
            await request.Application.StartAsync(kestrel.Server, cancellationToken);
            return new BoundListener(this, kestrel, bound);
        }
        catch
        {
            Unbind(bound);
            foreach (PortableListener listener in bound)
                await listener.DisposeAsync();
            throw;
        }
    }

    public Task<DialedClient> DialAsync(DialRequest request, CancellationToken cancellationToken) => new PortableDialer(metrics, clock).DialAsync(request, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private List<PortableListener> Bind(ListenRequest request)
    {
        var bound = new List<PortableListener>(request.EndPoints.Count);
        try
        {
            foreach (IPEndPoint endPoint in request.EndPoints)
            {
                IReadOnlyList<int> inherited = sockets.Take(request.Name, endPoint);
                for (int number = 0; number < Math.Max(1, inherited.Count); number++)
                {
                    var listener = new PortableListener(endPoint, number < inherited.Count ? inherited[number] : null, request.Backlog, request.Gate, request.Tls?.Proxies, request.OnFault, metrics, loggers, time);
                    bound.Add(listener);
                    sockets.Add(request.Name, endPoint, listener.Descriptor);
                }
            }

            return bound;
        }
        catch (BindException)
        {
            Unbind(bound);
            throw;
        }
    }

    private void Unbind(List<PortableListener> bound)
    {
        foreach (PortableListener listener in bound)
        {
            // Once closed, its number may be another's.
            if (!listener.IsUnbound)
                sockets.Forget(listener.Descriptor);
            listener.Unbind();
        }
    }

    private void Configure(ListenOptions listen, ListenRequest request)
    {
        if (request.Tls is not { } tls)
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => transport => ServePlainAsync(transport, next, request));
            return;
        }

        var handler = new PortableConnectionHandler(request, tls, metrics, clock, loggers);
        listen.Use(next => transport => handler.ServeAsync(transport, next));
        KestrelHost.StandAsideForTls(listen);
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

    private sealed class BoundListener(PortableEngine engine, KestrelHost kestrel, List<PortableListener> bound) : IEngineListener
    {
        public IReadOnlyList<IPEndPoint> EndPoints { get; } = [.. bound.Select(listener => (IPEndPoint)listener.EndPoint).Distinct()];

        public Task UnbindAsync()
        {
            engine.Unbind(bound);
            return Task.CompletedTask;
        }

        public async ValueTask DisposeAsync()
        {
            await UnbindAsync();
            await kestrel.DisposeAsync();
        }
    }
}
