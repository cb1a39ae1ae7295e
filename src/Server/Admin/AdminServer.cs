using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Actors443.Listening.Handover;
using Actors443.Server.Admin.Events;
using Actors443.Server.Configuration;
using Actors443.Server.Telemetry;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using OpenTelemetry.Metrics;

namespace Actors443.Server.Admin;

/// <summary>
/// Health, metrics and control on a loopback address, in plain HTTP. A web application of its own, so that it answers whatever the
/// listeners for the public do: while they start, while they are paused, while they drain.
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly EventFeed _events;
    private readonly AdminSockets _sockets;

    private AdminServer(WebApplication application, EventFeed events, AdminSockets sockets, IPEndPoint endPoint, AdminToken token)
    {
        _application = application;
        _events = events;
        _sockets = sockets;
        EndPoint = endPoint;
        Token = token;
    }

    /// <summary>What is bound, with the real port where 0 was asked for.</summary>
    public IPEndPoint EndPoint { get; }

    public AdminToken Token { get; }

    /// <summary>Binds and serves until disposed.</summary>
    /// <param name="settings">Of which <c>admin</c> and the state directory are used.</param>
    /// <param name="control">The server that is shown.</param>
    /// <param name="metrics">Has a Prometheus exporter (<see cref="ServerTelemetry"/>); null: <c>/metrics</c> is not served.</param>
    /// <param name="sockets">Of the process.</param>
    /// <param name="loggers">Of the process; not disposed.</param>
    /// <param name="cancellationToken">Ends the start, not the server.</param>
    /// <exception cref="AdminException">The address cannot be listened on, or the token not be read or made.</exception>
    public static async Task<AdminServer> StartAsync(
        ServerSettings settings, IServerControl control, MeterProvider? metrics, ListeningSockets sockets, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        IPEndPoint bind = settings.Admin.Bind;
        if (!IPAddress.IsLoopback(bind.Address))
            throw new AdminException($"actors443.admin.bind = {bind} is not a loopback address; the admin server is for this machine alone, so set 127.0.0.1:{bind.Port} or [::1]:{bind.Port}");
        var token = AdminToken.ReadOrCreate(AdminToken.PathFor(settings));
        ILogger log = loggers.CreateLogger(LogCategories.Admin);
        var events = new EventFeed(() => new SnapshotSource(control, TimeProvider.System, log), TimeProvider.System, log);
        var listening = new AdminSockets(sockets);
        WebApplication application = Build(bind, control, events, metrics, token, listening, loggers);
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (IOException cause)
        {
            await application.DisposeAsync();
            throw new AdminException(Explain(bind, cause), cause);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }

        string address = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        var endPoint = new IPEndPoint(bind.Address, new Uri(address).Port);
        log.AdminListening(endPoint, token.Path);
        return new AdminServer(application, events, listening, endPoint, token);
    }

    /// <summary>The sockets are another process's from now on; requests that have come are answered.</summary>
    public void StopAccepting() => _sockets.Close();

    public async ValueTask DisposeAsync()
    {
        // Whoever listens would be waited for.
        await _events.DisposeAsync();
        await _application.StopAsync(CancellationToken.None);
        await _application.DisposeAsync();
    }

    private static WebApplication Build(IPEndPoint bind, IServerControl control, EventFeed events, MeterProvider? metrics, AdminToken token, AdminSockets sockets, ILoggerFactory loggers)
    {
        // The empty builder reads no environment and no appsettings.json: nothing but our settings decides where this listens.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "actors443-admin" });
        builder.Services.AddSingleton<ILoggerFactory>(new SharedLoggerFactory(loggers));
        builder.Services.AddSingleton<IHostLifetime, DetachedLifetime>();
        // Else each scrape and probe would count among the requests and traces of the public sites.
        builder.Services.AddSingleton<IMeterFactory, AdminMeterFactory>();
        builder.Services.AddSingleton(new ActivitySource("Actors443.Admin"));
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<Preconditions>();
        builder.WebHost.UseSockets(transport => transport.CreateBoundListenSocket = sockets.Open);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 16 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 64;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
            kestrel.Listen(bind);
        });

        WebApplication application = builder.Build();
        ILogger log = loggers.CreateLogger(LogCategories.Admin);
        application.Use(AdminFailures.Around(log));
        application.Use(LoopbackHost.Require(log));
        application.Use(BearerToken.RequireUnder("/api", token, log));
        if (metrics is not null)
            application.UseOpenTelemetryPrometheusScrapingEndpoint(metrics, context => context.Request.Path == "/metrics", null, null, null);
        application.UseRouting();
        application.Use(application.Services.GetRequiredService<Preconditions>().Check);
        AdminEndpoints.Map(application, control, events, log);
        return application;
    }

    private static string Explain(IPEndPoint bind, IOException cause)
    {
        SocketError? error = (cause.InnerException as SocketException ?? cause.InnerException?.InnerException as SocketException)?.SocketErrorCode;
        return error switch
        {
            SocketError.AddressAlreadyInUse =>
                $"cannot listen on {bind} for the admin server: another process already does. Stop it (ss -ltnp 'sport = :{bind.Port}' names it), or set actors443.admin.bind to another port",
            SocketError.AccessDenied =>
                $"not permitted to listen on {bind} for the admin server: ports below 1024 need a right. Set actors443.admin.bind to a port from 1024",
            SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported =>
                $"cannot listen on {bind} for the admin server: this machine has no such address. Set actors443.admin.bind to 127.0.0.1:{bind.Port}",
            _ => $"cannot listen on {bind} for the admin server: {cause.Message}",
        };
    }

    /// <summary>Lets the process decide when it ends; the admin server goes on answering while the others drain.</summary>
    private sealed class DetachedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Gives the admin server's own meters names that nobody collects.</summary>
    private sealed class AdminMeterFactory : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(new MeterOptions("Actors443.Admin." + options.Name) { Version = options.Version, Scope = this });
            lock (_meters)
                _meters.Add(meter);
            return meter;
        }

        public void Dispose()
        {
            lock (_meters)
                _meters.ForEach(meter => meter.Dispose());
        }
    }

    /// <summary>The process's loggers, which outlive this application.</summary>
    private sealed class SharedLoggerFactory(ILoggerFactory shared) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => shared.CreateLogger(categoryName);

        public void AddProvider(ILoggerProvider provider) => shared.AddProvider(provider);

        public void Dispose()
        {
        }
    }
}
