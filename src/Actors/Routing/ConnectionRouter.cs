using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Net.Security;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Dns;
using Actors443.Dns.Tls;
using Actors443.Engine;
using Actors443.Remoting;
using Actors443.Requests;
using Actors443.Routing.Conversations;
using Actors443.Telemetry;
using Actors443.Tls;
using Actors443.Tunnels.Egress;
using Akka.Hosting;

namespace Actors443.Routing;

/// <summary>Leads connections to upstreams. Thread-safe; the routes are replaced whole, connections keep the one they began with.</summary>
internal sealed class ConnectionRouter
{
    private readonly ITargetResolver _resolver;
    private readonly IDnsResolver _dns;
    private readonly FrozenDictionary<string, (MappedProtocol Protocol, RouteGuard Guard)> _mapped;
    private readonly RouteGuards _guards;
    private readonly RemotingDoor _nodes;
    private readonly IReadOnlyActorRegistry _registry;
    private readonly MonotonicClock _clock;
    private readonly RoutingMetrics _metrics;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, RouteUsage> _usage = new();
    private volatile RoutingTable? _table;
    private volatile DnsOverTls? _dot;
    private Actors443Settings? _applied;

    public ConnectionRouter(Actors443Settings settings, ITargetResolver resolver, IDnsResolver dns, IEnumerable<MappedProtocol> mapped, IReadOnlyActorRegistry registry, MonotonicClock clock, RoutingMetrics metrics, RouteGuards guards, RemotingDoor nodes, ILoggerFactory loggers)
    {
        _resolver = resolver;
        _dns = dns;
        _guards = guards;
        _nodes = nodes;
        _mapped = mapped.ToFrozenDictionary(protocol => protocol.Name, protocol => (protocol, guards.Create(protocol.Name, protocol.Supervision)), StringComparer.Ordinal);
        _registry = registry;
        _clock = clock;
        _metrics = metrics;
        _log = loggers.CreateLogger(LogCategories.Routing);
        Apply(settings);
        metrics.Observe(this, _usage);
    }

    /// <summary>Null: there are no routes, and nothing is to be looked at.</summary>
    public RoutingTable? Table => _table;

    /// <summary>Names of protocols that actors speak.</summary>
    public IEnumerable<string> Mapped => _mapped.Keys;

    /// <summary>For connections that come from now on. One at a time.</summary>
    /// <exception cref="ClientCaException">A file of CAs cannot be read.</exception>
    public void Apply(Actors443Settings settings)
    {
        // The same routes stay as they are: they know which of their upstreams are down.
        if (!AreApplied(settings))
            _table = settings.Routes.Count == 0 ? null : new RoutingTable([.. settings.Routes.Select(Make)], settings.OwnNames);
        _guards.Apply(settings.Requests);
        _dot = settings.Dns.Dot.Enabled ? new DnsOverTls(_dns, settings.Dns.Dot) : null;
        _applied = settings;
    }

    /// <summary>Whether these could be applied. Changes nothing.</summary>
    /// <exception cref="ClientCaException">A file of CAs cannot be read.</exception>
    public void Check(Actors443Settings settings)
    {
        if (AreApplied(settings))
            return;
        foreach (ConnectionRouteSettings route in settings.Routes.Where(route => route.TrustedRoots is not null))
            TrustedRoots.Check(route.TrustedRoots!, $"routes.{route.Name}.trusted-roots");
    }

    /// <summary>Who serves what TLS has agreed upon, until that is over; null: it is HTTP.</summary>
    public Func<EngineConnection, IRoutedClient, Task>? ServerOf(SslApplicationProtocol protocol)
    {
        if (protocol.Protocol.IsEmpty || protocol == SslApplicationProtocol.Http2 || protocol == SslApplicationProtocol.Http11)
            return null;
        if (protocol == RemotingProtocol.Alpn)
            return (connection, client) => ServeAsync(connection, () => _nodes.ServeAsync(connection, client), RemotingProtocol.Name);
        string name = protocol.ToString();
        if (_table?.ByProtocol(name) is { } route)
            return (connection, client) => ServeAsync(connection, client, route);
        if (_mapped.TryGetValue(name, out (MappedProtocol Protocol, RouteGuard Guard) mapped))
            return (connection, client) => ServeAsync(connection, () => mapped.Protocol.ServeAsync(connection, client, _registry, mapped.Guard), name);
        return name == DnsOverTls.Protocol && _dot is { } dot ? (connection, client) => ServeAsync(connection, () => dot.ServeAsync(connection, client), name) : null;
    }

    /// <summary>Leads a connection along a route. Completes when that is over, and the connection has its reason; never fails.</summary>
    public async Task ServeAsync(EngineConnection connection, IRoutedClient client, Route route)
    {
        var routed = new RoutedConnection(connection, client, route);
        connection.Carry(routed);
        route.Usage.Began();
        try
        {
            await routed.RunAsync();
        }
        catch (Exception cause)
        {
            _log.ConnectionPathFailed(cause, connection.Id);
            connection.Abort(CloseReason.InternalError, cause.Message);
        }
        finally
        {
            // By the engine it comes, which knows no more of it than that it is gone.
            connection.SetReason(CloseReason.ClientReset);
            route.Usage.Ended();
            _metrics.Closed(route.Name, connection.Reason);
        }
    }

    private async Task ServeAsync(EngineConnection connection, Func<Task> serve, string protocol)
    {
        _metrics.Began(protocol);
        try
        {
            await serve();
        }
        catch (Exception cause)
        {
            _log.ConnectionPathFailed(cause, connection.Id);
            connection.Abort(CloseReason.InternalError, cause.Message);
        }
        finally
        {
            _metrics.Ended(protocol);
        }
    }

    private bool AreApplied(Actors443Settings settings) =>
        _applied is { } applied && ReferenceEquals(applied.Routes, settings.Routes) && applied.OwnNames.SequenceEqual(settings.OwnNames);

    private Route Make(ConnectionRouteSettings settings) =>
        new(settings, new UpstreamGroup(settings, _resolver, _clock, _metrics, _log), _usage.GetOrAdd(settings.Name, static _ => new RouteUsage()));
}
