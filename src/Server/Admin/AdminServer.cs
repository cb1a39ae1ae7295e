using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Actors443.Listening.Handover;
using Actors443.Server.Admin.Access;
using Actors443.Server.Admin.Audit;
using Actors443.Server.Admin.Events;
using Actors443.Server.Configuration;
using Actors443.Server.Telemetry;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using OpenTelemetry.Metrics;

namespace Actors443.Server.Admin;

/// <summary>
/// Health, metrics and control: on a loopback address in plain HTTP, or with mutual TLS on any, and on a Unix socket. A web application of its own, so that it answers whatever the
/// listeners for the public do: while they start, while they are paused, while they drain.
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly EventFeed _events;
    private readonly AdminAccess _access;
    private readonly AdminSockets _sockets;

    private AdminServer(WebApplication application, EventFeed events, AdminSockets sockets, IPEndPoint endPoint, AdminAccess access)
    {
        _application = application;
        _events = events;
        _sockets = sockets;
        _access = access;
        EndPoint = endPoint;
    }

    /// <summary>What is bound, with the real port where 0 was asked for.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Where a browser finds it.</summary>
    public string Address => $"{(_access.Tls is null ? "http" : "https")}://{EndPoint}/";

    public AdminToken Token => _access.Token;

    /// <summary>Binds and serves until disposed.</summary>
    /// <param name="settings">Of which <c>admin</c> and the state directory are used.</param>
    /// <param name="control">The server that is shown.</param>
    /// <param name="metrics">Has a Prometheus exporter (<see cref="ServerTelemetry"/>); null: <c>/metrics</c> is not served.</param>
    /// <param name="sockets">Of the process.</param>
    /// <param name="audit">Told of every change.</param>
    /// <param name="loggers">Of the process; not disposed.</param>
    /// <param name="cancellationToken">Ends the start, not the server.</param>
    /// <exception cref="AdminException">The address or the socket cannot be listened on, or a file not be used.</exception>
    public static async Task<AdminServer> StartAsync(
        ServerSettings settings, IServerControl control, MeterProvider? metrics, ListeningSockets sockets, AuditLog audit, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        IPEndPoint bind = settings.Admin.Bind;
        bool isExposed = !IPAddress.IsLoopback(bind.Address) && settings.Admin.Tls is null;
        if (isExposed && !settings.Admin.AllowRemote)
            throw new AdminException($"actors443.admin.bind = {bind} is not a loopback address; the admin server is for this machine alone, so set 127.0.0.1:{bind.Port} or [::1]:{bind.Port}, or actors443.admin.tls");
        var access = AdminAccess.Open(settings);
        ILogger log = loggers.CreateLogger(LogCategories.Admin);
        var events = new EventFeed(() => new SnapshotSource(control, TimeProvider.System, log), TimeProvider.System, log);
        var listening = new AdminSockets(sockets);
        WebApplication application = Build(bind, control, events, metrics, access, listening, audit, loggers);
        try
        {
            await application.StartAsync(cancellationToken);
            access.Socket?.Publish();
        }
        catch (Exception cause)
        {
            await application.DisposeAsync();
            access.Dispose();
            if (cause is IOException failure)
                throw new AdminException(Explain(bind, failure), cause);
            throw;
        }

        string address = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(address => !address.Contains("://unix:", StringComparison.Ordinal));
        var server = new AdminServer(application, events, listening, new IPEndPoint(bind.Address, new Uri(address).Port), access);
        log.AdminListening(server.Address, access.Token.Path);
        if (access.SocketPath is { } path)
            log.AdminOnSocket(path);
        if (isExposed)
            log.AdminExposed(server.EndPoint);
        return server;
    }

    /// <summary>The sockets are another process's from now on; requests that have come are answered.</summary>
    public void StopAccepting()
    {
        _access.Socket?.Leave();
        _sockets.Close();
    }

    public async ValueTask DisposeAsync()
    {
        // Whoever listens would be waited for.
        await _events.DisposeAsync();
        await _application.StopAsync(CancellationToken.None);
        await _application.DisposeAsync();
        _access.Dispose();
    }

    private static WebApplication Build(
        IPEndPoint bind, IServerControl control, EventFeed events, MeterProvider? metrics, AdminAccess access, AdminSockets sockets, AuditLog audit, ILoggerFactory loggers)
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
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 16 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 64;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
            kestrel.Listen(bind, listen =>
            {
                if (access.Tls is { } tls)
                    listen.UseHttps(tls.Configure);
            });
            if (access.Socket is { } socket)
                kestrel.ListenUnixSocket(socket.BoundAs);
        });

        WebApplication application = builder.Build();
        ILogger log = loggers.CreateLogger(LogCategories.Admin);
        application.Use(AdminFailures.Around(log));
        application.Use(AuditedChanges.Under("/api", audit));
        application.Use(LoopbackHost.Require(access.Tls is not null || !IPAddress.IsLoopback(bind.Address), log));
        application.Use(CallerProof.RequireUnder("/api", access.Token, access.Tls, log));
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
