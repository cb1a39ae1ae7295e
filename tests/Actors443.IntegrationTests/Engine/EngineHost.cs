using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Engine;
using Actors443.Engine.EventLoop;
using Actors443.Hosting;
using Actors443.Supervision;
using Actors443.Testing;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Actors443.IntegrationTests.Engine;

/// <summary>An ASP.NET Core application of somebody else, served by Actors443 with the engine under test.</summary>
internal sealed class EngineHost : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly TemporaryFolder _state;

    private EngineHost(WebApplication application, TemporaryFolder state)
    {
        _application = application;
        _state = state;
    }

    public int Port => _application.Services.GetRequiredService<Actors443Server>().Listeners[0].EndPoints[0].Port;

    public IConnectionEngine Engine => _application.Services.GetRequiredService<IConnectionEngine>();

    public IServiceProvider Services => _application.Services;

    public ServerEnvironment Environment => _application.Services.GetRequiredService<ServerEnvironment>();

    /// <summary>Requests whose <see cref="HttpContext.RequestAborted"/> has fired.</summary>
    public int Aborted;

    public static async Task<EngineHost> StartAsync(EngineKind engine, Func<Actors443Settings, Actors443Settings>? configure = null, Action<WebApplication>? map = null, ILoggerProvider? log = null, Action<IServiceCollection>? services = null, Action<Actors443Options>? options = null, Action<AkkaConfigurationBuilder>? akka = null)
    {
        var state = new TemporaryFolder();
        var settings = new Actors443Settings
        {
            Engine = engine,
            StateDirectory = state.Path,
            Https = new HttpsSettings { Bind = [new IPEndPoint(IPAddress.Loopback, 0)], BindIsExplicit = true, Limits = new HttpLimitSettings { RequestBody = null } },
            Http = new HttpSettings { Enabled = false },
            Admission = new AdmissionSettings { PerClient = new ClientLimitSettings { Exempt = [IPNetwork.Parse("127.0.0.0/8")] } },
        };
        settings = configure?.Invoke(settings) ?? settings;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        if (log is not null)
            builder.Logging.AddProvider(log);
        builder.Services.AddRoutingCore();
        services?.Invoke(builder.Services);
        builder.Services.AddActors443(settings, options);
        builder.Services.AddAkka("engine", system =>
        {
            system.AddHocon("akka.loglevel = WARNING", HoconAddMode.Append).WithActors443(settings);
            akka?.Invoke(system);
        });
        builder.WebHost.UseActors443();
        WebApplication application = builder.Build();
        var host = new EngineHost(application, state);
        application.UseWebSockets();
        application.UseRouting();
        host.Map(application);
        map?.Invoke(application);
        await application.StartAsync();
        return host;
    }

    public HttpClient CreateClient(Version version) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null },
    })
    {
        BaseAddress = new Uri($"https://localhost:{Port}/"),
        DefaultRequestVersion = version,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = TimeSpan.FromMinutes(5),
    };

    public async Task<IReadOnlyList<ConnectionSnapshot>> ConnectionsAsync()
    {
        IActorRef supervisor = await _application.Services.GetRequiredService<IRequiredActor<Actors443Supervisor>>().GetAsync();
        return (await supervisor.Ask<ConnectionList>(ListConnections.Instance, TimeSpan.FromSeconds(10))).Connections;
    }

    /// <summary>What to say where somebody was refused who should not have been: why connections have ended.</summary>
    public async Task<string> ObituariesAsync()
    {
        IActorRef supervisor = Services.GetRequiredService<IRequiredActor<Actors443Supervisor>>().ActorRef;
        ObituaryList list = await supervisor.Ask<ObituaryList>(ListObituaries.Instance, TimeSpan.FromSeconds(10));
        return string.Join("; ", list.Obituaries.Select(obituary => $"{obituary.Remote} {obituary.Reason} {obituary.Detail} {string.Join(' ', obituary.Events.Select(entry => entry.Kind))}"));
    }

    /// <summary>Waits for the obituary of a connection.</summary>
    public async Task AwaitObituaryAsync(Func<Obituary, bool> expected)
    {
        IActorRef supervisor = _application.Services.GetRequiredService<IRequiredActor<Actors443Supervisor>>().ActorRef;
        await Eventually.HoldsAsync(async () => (await supervisor.Ask<ObituaryList>(ListObituaries.Instance, TimeSpan.FromSeconds(10))).Obituaries.Any(expected), "an obituary");
    }

    /// <summary>Sends a message to the actor that owns a connection.</summary>
    public void Tell(string connection, object message) =>
        _application.Services.GetRequiredService<IRequiredActor<Actors443Supervisor>>().ActorRef.Tell(new TellConnection(connection, message), ActorRefs.NoSender);

    public Task StopAsync(CancellationToken within) => _application.StopAsync(within);

    /// <summary>Disposes of it, and sees that the engine has given back all it had.</summary>
    public async Task EndAsync()
    {
        var engine = Engine as EventLoopEngine;
        AdmissionGate gate = Environment.Gate;
        await DisposeAsync();
        // What ends last may end on another thread.
        await Eventually.HoldsAsync(() => gate is { Connections: 0, Handshakes: 0 }, "no connection is counted any more");
        if (engine is null)
            return;
        await Eventually.HoldsAsync(() => engine.Sessions == 0, "all SSL objects are freed");
        await Eventually.HoldsAsync(() => engine.Loops.All(loop => loop.Connections == 0 && loop.Pool.Rented == 0), "all sockets and blocks are given back");
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        _state.Dispose();
    }

    private void Map(WebApplication application)
    {
        application.MapGet("/", () => "Hello");
        application.MapPost("/echo", async (HttpContext context) =>
        {
            context.Response.ContentLength = context.Request.ContentLength;
            await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
        });
        application.MapPost("/digest", async (HttpContext context) => await context.Response.WriteAsync(Convert.ToHexString(await SHA256.HashDataAsync(context.Request.Body, context.RequestAborted))));
        application.MapGet("/bytes/{count:long}", (HttpContext context, long count) => NoiseStream.WriteAsync(context.Response.Body, count, context.RequestAborted));
        application.MapGet("/trailers", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("body");
            context.Response.AppendTrailer("x-after", "said last");
        });
        application.MapPost("/trailers", async (HttpContext context) =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            await context.Response.WriteAsync(context.Features.Get<IHttpRequestTrailersFeature>()?.Trailers["x-after"].ToString() ?? "none");
        });
        application.MapGet("/elsewhere", (HttpContext context) => Task.Run(async () =>
        {
            for (int part = 0; part < 10; part++)
            {
                await context.Response.WriteAsync($"{part},");
                await context.Response.Body.FlushAsync();
                await Task.Yield();
            }
        }));
        application.MapGet("/features", (HttpContext context) => string.Join(
            ' ',
            context.Request.Scheme,
            context.Features.Get<ITlsHandshakeFeature>()!.Protocol,
            context.Features.Get<ITlsHandshakeFeature>()!.NegotiatedCipherSuite is not null,
            context.Features.Get<ITlsHandshakeFeature>()!.HostName,
            context.Connection.RemoteIpAddress,
            context.Connection.LocalPort == Port,
            context.Features.Get<IActorConnectionFeature>()!.Actor.IsNobody(),
            context.Features.Get<IConnectionLifetimeNotificationFeature>() is not null));
        application.MapGet("/last", (HttpContext context) =>
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()!.RequestClose();
            return "bye";
        });
        application.MapGet("/waits", async (HttpContext context) =>
        {
            await context.Response.Body.FlushAsync();
            var never = new TaskCompletionSource();
            using CancellationTokenRegistration ends = context.RequestAborted.Register(() => never.TrySetResult());
            await never.Task;
            Interlocked.Increment(ref Aborted);
        });
        application.Map("/socket", async (HttpContext context) =>
        {
            using System.Net.WebSockets.WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            byte[] buffer = new byte[64 * 1024];
            while (true)
            {
                System.Net.WebSockets.WebSocketReceiveResult message = await socket.ReceiveAsync(buffer, context.RequestAborted);
                if (message.MessageType == System.Net.WebSockets.WebSocketMessageType.Close)
                    break;
                await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, context.RequestAborted);
            }

            await socket.CloseAsync(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        });
    }
}
