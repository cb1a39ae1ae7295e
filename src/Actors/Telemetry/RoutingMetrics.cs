using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Routing;

namespace Actors443.Telemetry;

/// <summary>Instruments of connections that are led to upstreams. Thread-safe.</summary>
internal sealed class RoutingMetrics
{
    private readonly Meter _meter;
    private readonly Counter<long> _closed;
    private readonly Counter<long> _failures;
    private readonly UpDownCounter<int> _open;

    public RoutingMetrics(IMeterFactory factory)
    {
        _meter = Actors443Meter.Create(factory);
        _closed = _meter.CreateCounter<long>("actors443.routes.closed", "{connection}", "Connections led to upstreams that have ended, by route and reason.");
        _open = _meter.CreateUpDownCounter<int>("actors443.protocols.open", "{connection}", "Connections that carry another protocol than HTTP and are served here, by protocol.");
        _failures = _meter.CreateCounter<long>("actors443.upstreams.failures", "{connection}", "Connections to upstreams that were not made, by route, upstream and reason.");
    }

    public void Began(string protocol) => _open.Add(1, Tag("protocol", protocol));

    public void Ended(string protocol) => _open.Add(-1, Tag("protocol", protocol));

    public void Closed(string route, CloseReason reason) => _closed.Add(1, Tag("route", route), Tag("reason", reason.ToTag()));

    public void UpstreamFailed(string route, UpstreamAddress upstream, CloseReason reason) => _failures.Add(1, Tag("route", route), Tag("upstream", upstream.ToString()), Tag("reason", reason.ToTag()));

    public void Observe(ConnectionRouter router, ConcurrentDictionary<string, RouteUsage> usage)
    {
        _meter.CreateObservableUpDownCounter(
            "actors443.routes.open", () => usage.Select(route => new Measurement<int>(route.Value.Open, Tag("route", route.Key))), "{connection}", "Connections led to upstreams now, by route.");
        _meter.CreateObservableCounter(
            "actors443.routes.bytes",
            () => usage.SelectMany(route => (Measurement<long>[])
            [
                new(route.Value.BytesUp, Tag("route", route.Key), Tag("direction", "up")), new(route.Value.BytesDown, Tag("route", route.Key), Tag("direction", "down")),
            ]),
            "By",
            "Bytes carried, by route and direction: up is to upstreams.");
        _meter.CreateObservableUpDownCounter(
            "actors443.upstreams.paused",
            () => (router.Table?.Routes ?? []).Select(route => new Measurement<int>(route.Upstreams.Paused.Count(), Tag("route", route.Name))),
            "{upstream}",
            "Upstreams passed over because they could not be connected to, by route.");
    }

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);
}
