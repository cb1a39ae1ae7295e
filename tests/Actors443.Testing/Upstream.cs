using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Testing;

/// <summary>A destination for the proxy: plain HTTP/1.1 or HTTP/2 with prior knowledge, which counts its connections.</summary>
internal sealed class Upstream : IAsyncDisposable
{
    private readonly WebApplication _application;
    private int _connections;
    private int _requests;

    private Upstream(WebApplication application) => _application = application;

    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>Connections ever accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Requests ever received.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public static async Task<Upstream> StartAsync(RequestDelegate handler, HttpProtocols protocols = HttpProtocols.Http1, int port = 0)
    {
        Upstream upstream = null!;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, port, listen =>
            {
                listen.Protocols = protocols;
                listen.Use(next => connection =>
                {
                    Interlocked.Increment(ref upstream._connections);
                    return next(connection);
                });
            });
        });
        WebApplication application = builder.Build();
        application.UseWebSockets();
        application.Run(context =>
        {
            Interlocked.Increment(ref upstream._requests);
            return handler(context);
        });
        upstream = new Upstream(application);
        await application.StartAsync();
        return upstream;
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _application.StopAsync(atOnce.Token);
        await _application.DisposeAsync();
    }
}
