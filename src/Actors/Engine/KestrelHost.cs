using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Engine;

/// <summary>Kestrel's HTTP code for one listener, over connections that an engine brings.</summary>
internal sealed class KestrelHost(WebApplication host, IServer server) : IAsyncDisposable
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    public IServer Server => server;

    /// <summary>As above, over what a factory of ours brings.</summary>
    public static KestrelHost Build(ListenRequest request, IEnumerable<IPEndPoint> endPoints, IConnectionListenerFactory factory, Action<ListenOptions> configure, IMeterFactory meters, ILoggerFactory loggers) =>
        Build(request, endPoints, builder => builder.ConfigureServices(services => services.AddSingleton(factory)), configure, meters, loggers);

    /// <summary>The builder is only a way to Kestrel's server object: the host made from it is never started.</summary>
    public static KestrelHost Build(ListenRequest request, IEnumerable<IPEndPoint> endPoints, Action<IWebHostBuilder> transport, Action<ListenOptions> configure, IMeterFactory meters, ILoggerFactory loggers)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(meters);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        transport(builder.WebHost);
        builder.WebHost.ConfigureKestrel(options =>
        {
            KestrelLimits.Apply(options, request.Limits, request.Deadlines);
            foreach (IPEndPoint endPoint in endPoints)
                options.Listen(endPoint, configure);
        });
        WebApplication host = builder.Build();
        return new KestrelHost(host, host.Services.GetRequiredService<IServer>());
    }

    /// <summary>For connections that are secured before Kestrel sees them.</summary>
    public static void StandAsideForTls(ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        // Stands aside when it sees our TLS features; without it Kestrel would call the address http and warn about HTTP/2.
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => throw new InvalidOperationException("A connection reached Kestrel's own TLS step; ours comes first and must have failed."),
        });
    }

    /// <summary>Connections were drained by their owners; what they said last may still be on its way to the socket. What stays open is aborted.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(LastWords);
        await server.StopAsync(patience.Token);
        await host.DisposeAsync();
    }
}
