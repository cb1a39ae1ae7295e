using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Engine.Dialing;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Hosting;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Actors443.Bench;

/// <summary>
/// The same thirteen bytes by the same application under the same certificate: by plain Kestrel with SslStream (<c>stock</c>), by Actors443
/// (<c>actors</c>), and by Actors443's engine with nobody owning the connections (<c>engine</c>), which tells what the actors alone cost. With the application on
/// the loop, as in the product: with actors and a switch for the supervision of requests (<c>switchable</c>), and without either (<c>unowned</c>).
/// </summary>
internal static class ComparedServers
{
    public static async Task<int> ServeAsync(string kind, CancellationToken stop)
    {
        string state = Directory.CreateTempSubdirectory("actors443-bench-").FullName;
        try
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            if (kind == "stock")
                UseStockKestrel(builder, state);
            else
                UseActors(builder, state, kind);
            await using WebApplication application = builder.Build();
            byte[] hello = "Hello, World!"u8.ToArray();
            application.Run(async context =>
            {
                context.Response.ContentType = "text/plain";
                context.Response.ContentLength = hello.Length;
                await context.Response.BodyWriter.WriteAsync(hello);
            });
            await application.StartAsync(stop);
            string address = application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First(a => a.StartsWith("https", StringComparison.Ordinal));
            Console.WriteLine(new Uri(address).Port.ToString(CultureInfo.InvariantCulture));
            await application.WaitForShutdownAsync(stop);
            return 0;
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    private static void UseActors(WebApplicationBuilder builder, string state, string kind)
    {
        bool onLoop = kind is "switchable" or "unowned";
        var settings = new Actors443Settings
        {
            StateDirectory = state,
            Https = new HttpsSettings { Bind = [new IPEndPoint(IPAddress.Loopback, 0)], BindIsExplicit = true },
            Http = new HttpSettings { Enabled = false },
            EventLoop = new EventLoopSettings { Applications = onLoop ? ApplicationThreads.Loop : ApplicationThreads.Auto },
            // Where nobody notes that a request has begun, it is for its deadline a request that does not begin.
            Deadlines = onLoop ? new DeadlineSettings { Headers = TimeSpan.FromHours(1) } : new DeadlineSettings(),
        };
        builder.Services.AddLogging();
        if (kind is "engine" or "unowned")
            builder.Services.AddSingleton<IConnectionEngine>(services => new EngineWithoutOwners(EngineChoice.Make(services, settings, OpenSsl.Missing)));
        builder.Services.AddActors443(settings);
        // As the product has it: Akka's timer thread is no cost of a connection.
        builder.Services.AddAkka("bench", akka => akka.AddHocon("akka.scheduler.tick-duration = 100ms", HoconAddMode.Append).WithActors443(settings));
        builder.WebHost.UseActors443();
        if (!onLoop)
            return;
        builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(ConnectionRequests)));
        if (kind == "switchable")
        {
            builder.Services.AddSingleton<ConnectionRequests>();
            builder.Services.AddTransient<IStartupFilter, SwitchableSupervision>();
        }
    }

    private sealed class EngineWithoutOwners(IConnectionEngine engine) : IConnectionEngine, IConnectionOwners
    {
        public string Name => engine.Name;

        public IReadOnlyList<ActorPlace> Places => engine.Places;

        public Task<IEngineListener> ListenAsync(ListenRequest request, CancellationToken cancellationToken) =>
            engine.ListenAsync(request with { Tls = request.Tls! with { Owners = this } }, cancellationToken);

        public Task<DialedClient> DialAsync(DialRequest request, CancellationToken cancellationToken) => engine.DialAsync(request, cancellationToken);

        public void Accepted(EngineConnection connection) => connection.AttachOwner(ActorRefs.Nobody);

        public ValueTask DisposeAsync() => engine.DisposeAsync();
    }

    // As good as stock Kestrel gets: the certificate's context and the options made once, the callback returning them at once.
    private static void UseStockKestrel(WebApplicationBuilder builder, string state)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        ServerCertificate certificate = LocalCa.Open(state, now).Issue(["localhost", "127.0.0.1", "::1"], TimeSpan.FromDays(30), now);
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate.Context,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        };
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(options) }));
        });
    }
}
