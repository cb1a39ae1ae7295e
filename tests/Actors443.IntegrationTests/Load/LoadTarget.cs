using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Authentication;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Sessions;
using Actors443.Server.Load.Settings;
using Actors443.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Load;

/// <summary>Something to load: plain Kestrel, so that what is seen is the clients' doing.</summary>
internal sealed class LoadTarget : IAsyncDisposable
{
    private readonly WebApplication _application;
    private int _connections;
    private int _slow;

    private LoadTarget(WebApplication application)
    {
        _application = application;
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>Connections accepted so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Paths asked for, with what came as their body.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<string, long> Asked { get; } = new();

    /// <summary>HTTP versions that were spoken.</summary>
    public System.Collections.Concurrent.ConcurrentBag<string> Protocols { get; } = [];

    public static async Task<LoadTarget> StartAsync(TestCertificates authority, SslProtocols protocols = SslProtocols.Tls12 | SslProtocols.Tls13, bool clientCertificates = false, bool http3 = false)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        LoadTarget? target = null;
        SslStreamCertificateContext certificate = SslStreamCertificateContext.Create(authority.Issue("localhost", "127.0.0.1").WithKey, [], offline: true);
        if (http3)
            builder.WebHost.UseQuic();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, http3 ? FreePort.Next() : 0, listen =>
        {
            listen.Use(next => connection =>
            {
                Interlocked.Increment(ref target!._connections);
                return next(connection);
            });
            if (http3)
                listen.Protocols = HttpProtocols.Http3;
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = certificate,
                    EnabledSslProtocols = protocols,
                    ApplicationProtocols = http3 ? [SslApplicationProtocol.Http3] : [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                    ClientCertificateRequired = clientCertificates,
                    RemoteCertificateValidationCallback = (_, shown, _, _) => !clientCertificates || shown is not null,
                }),
            });
        }));
        WebApplication application = builder.Build();
        target = new LoadTarget(application);
        application.UseWebSockets();
        application.Run(target.AnswerAsync);
        await application.StartAsync();
        string address = application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        target.Address = new Uri($"https://localhost:{new Uri(address).Port}/");
        return target;
    }

    /// <summary>Runs groups against it and adds up what they counted.</summary>
    public Task<LoadOutcome> LoadAsync(TimeSpan duration, params LoadGroup[] groups) => LoadAsync(new LoadSettings { Target = Address, Duration = duration, Groups = groups });

    /// <summary>Runs it to its end, or until it is told to stop, or has counted enough.</summary>
    public static async Task<LoadOutcome> LoadAsync(LoadSettings settings, Func<LoadOutcome, bool>? until = null, CancellationToken stop = default)
    {
        var outcome = new LoadOutcome();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await new LoadRun("test").RunAsync(
            settings,
            sample =>
            {
                outcome.Add(sample);
                if (until?.Invoke(outcome) == true)
                    enough.Cancel();
            },
            enough.Token);
        return outcome;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        long body = 0;
        Protocols.Add(context.Request.Protocol);
        if (!context.WebSockets.IsWebSocketRequest)
        {
            byte[] buffer = new byte[16 * 1024];
            for (int count; (count = await context.Request.Body.ReadAsync(buffer)) > 0;)
                body += count;
        }

        Asked.AddOrUpdate(context.Request.Path, body, (_, before) => before + body);
        switch (context.Request.Path.Value)
        {
            case "/chunked":
                await context.Response.WriteAsync("a piece, ");
                await context.Response.Body.FlushAsync();
                await context.Response.WriteAsync("and another");
                break;
            case "/large":
                context.Response.ContentLength = 1 << 18;
                await context.Response.Body.WriteAsync(new byte[1 << 18]);
                break;
            case "/nothing":
                context.Response.StatusCode = 204;
                break;
            case "/unavailable":
                context.Response.StatusCode = 503;
                break;
            case "/last":
                context.Response.Headers.Connection = "close";
                await context.Response.WriteAsync("goodbye");
                break;
            case "/cut":
                await context.Response.WriteAsync("to be con");
                await context.Response.Body.FlushAsync();
                // A reset throws away what the client has not read yet.
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, context.RequestAborted);
                context.Abort();
                break;
            // Every 50th takes long: what a pause of a collector looks like.
            case "/hiccup" when Interlocked.Increment(ref _slow) % 50 == 0:
                await Task.Delay(TimeSpan.FromMilliseconds(400), TimeProvider.System, context.RequestAborted);
                break;
            case "/never":
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
                break;
            case "/dns-query":
                context.Response.ContentType = "application/dns-message";
                context.Response.StatusCode = context.Request.ContentType == "application/dns-message" || context.Request.Query.ContainsKey("dns") ? 200 : 415;
                break;
            case "/socket" or "/push":
                await ConverseAsync(context);
                break;
        }
    }

    private static async Task ConverseAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = 426;
            return;
        }

        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] buffer = new byte[128 * 1024];
        try
        {
            while (socket.State == WebSocketState.Open)
            {
                if (context.Request.Path == "/push")
                {
                    await socket.SendAsync(buffer.AsMemory(0, 100), WebSocketMessageType.Binary, endOfMessage: true, context.RequestAborted);
                    await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, context.RequestAborted);
                    continue;
                }

                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
            }
        }
        catch (Exception cause) when (cause is WebSocketException or OperationCanceledException)
        {
            // The client has gone, as clients do.
        }
    }
}

/// <summary>What a run counted, added up.</summary>
internal sealed class LoadOutcome
{
    public long Succeeded { get; private set; }

    public long Full { get; private set; }

    public long Resumed { get; private set; }

    public long BytesReceived { get; private set; }

    public long Events { get; private set; }

    public int MostOpen { get; private set; }

    public HdrHistogram.HistogramBase? Latency { get; private set; }

    public Dictionary<LoadError, long> Errors { get; } = [];

    public List<LoadMark> Marks { get; } = [];

    /// <summary>What the samples of each group cover, in seconds.</summary>
    public Dictionary<string, double> Covered { get; } = [];

    public void Add(IntervalSample sample)
    {
        Covered[sample.Group] = Covered.GetValueOrDefault(sample.Group) + sample.Length.TotalSeconds;
        Succeeded += sample.Succeeded;
        Full += sample.FullHandshakes;
        Resumed += sample.ResumedHandshakes;
        BytesReceived += sample.BytesReceived;
        Events += sample.Events;
        MostOpen = Math.Max(MostOpen, sample.OpenSessions);
        if (Latency is null)
            Latency = sample.Latency;
        else if (sample.Latency is not null)
            Latency.Add(sample.Latency);
        foreach ((LoadError error, long count) in sample.Errors)
            Errors[error] = Errors.GetValueOrDefault(error) + count;
        Marks.AddRange(sample.Marks);
    }
}
