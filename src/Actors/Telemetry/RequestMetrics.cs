using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Actors443.Requests;
using Actors443.WebSockets;

namespace Actors443.Telemetry;

/// <summary>Instruments of routes to actors. Thread-safe.</summary>
internal sealed class RequestMetrics
{
    private readonly Counter<long> _requests;

    public RequestMetrics(IMeterFactory factory, RunningExchanges exchanges, ConcurrentDictionary<WebSocketExchange, bool> sockets)
    {
        Meter meter = Actors443Meter.Create(factory);
        _requests = meter.CreateCounter<long>("actors443.actor_requests", "{request}", "Requests told to actors, by route and outcome: answered, timeout, dead_letter, stopped, failed, over_time, over_memory, quarantined, too_many, over_route_memory, client_gone.");
        meter.CreateObservableUpDownCounter("actors443.actor_requests.waiting", () => exchanges.Count, "{request}", "Requests that wait for their actor now.");
        meter.CreateObservableUpDownCounter("actors443.actor_websockets.open", () => sockets.Count, "{websocket}", "WebSockets that speak with an actor now.");
    }

    public void Ended(string route, string outcome) => _requests.Add(1, new("http.route", route), new("outcome", outcome));
}
