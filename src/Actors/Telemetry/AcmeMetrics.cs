using System.Diagnostics.Metrics;
using System.Globalization;
using Actors443.Acme.OnDemand;
using Actors443.Acme.Orders;

namespace Actors443.Telemetry;

/// <summary>Instruments of ACME. Thread-safe.</summary>
internal sealed class AcmeMetrics(IMeterFactory factory)
{
    private readonly Counter<long> _requests = Actors443Meter.Create(factory)
        .CreateCounter<long>("actors443.acme.requests", "{request}", "Requests to CAs, by issuer and HTTP status or failure.");

    private readonly Counter<long> _challenges = Actors443Meter.Create(factory)
        .CreateCounter<long>("actors443.acme.challenges", "{question}", "Validations by CAs that came in, by type and whether there was an answer.");

    private readonly Counter<long> _orders = Actors443Meter.Create(factory)
        .CreateCounter<long>("actors443.acme.orders", "{order}", "Orders that ended, by issuer and outcome: issued, challenge-failed, or the failure.");

    private readonly Counter<long> _onDemand = Actors443Meter.Create(factory)
        .CreateCounter<long>("actors443.acme.on_demand.handshakes", "{handshake}", "Handshakes for names that had no certificate and may have one on demand, by outcome: served, denied, failed, busy, abandoned.");

    private readonly Counter<long> _agreements = Actors443Meter.Create(factory)
        .CreateCounter<long>("actors443.acme.agreements", "{agreement}", "Steps of orders for a cluster, at the node that orders, by outcome: agreed, late (tried again), superseded (another node orders).");

    /// <summary>Something that the other nodes of a cluster are to keep.</summary>
    public void Agreement(string outcome) => _agreements.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Ordered(string issuer, string outcome) =>
        _orders.Add(1, new KeyValuePair<string, object?>("issuer", issuer), new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Adds the gauge of next renewals.</summary>
    public void Observe(NameSetStatuses statuses, TimeProvider time) => Actors443Meter.Create(factory).CreateObservableGauge(
        "actors443.acme.renewal",
        () => statuses.All.Where(status => status.RenewAt is not null).Select(status =>
            new Measurement<double>((status.RenewAt!.Value - time.GetUtcNow()).TotalSeconds, new KeyValuePair<string, object?>("name", status.Names[0]))),
        "s",
        "Seconds until a certificate by ACME is to be renewed, by first name; negative: it is overdue.");

    /// <summary>Adds the gauge of handshakes that wait for a certificate on demand.</summary>
    public void Observe(OnDemandGate gate) => Actors443Meter.Create(factory).CreateObservableGauge(
        "actors443.acme.on_demand.waiting", () => gate.Waiting, "{handshake}", "Handshakes that wait for a certificate on demand.");

    /// <summary>A handshake that waited, or was to wait, goes on or ends.</summary>
    public void OnDemand(OnDemandOutcome outcome) => _onDemand.Add(1, new KeyValuePair<string, object?>("outcome", outcome switch
    {
        OnDemandOutcome.Served => "served",
        OnDemandOutcome.Denied => "denied",
        OnDemandOutcome.Failed => "failed",
        OnDemandOutcome.Busy => "busy",
        _ => "abandoned",
    }));

    public void Asked(string issuer, int status) => Asked(issuer, status.ToString(CultureInfo.InvariantCulture));

    public void Asked(string issuer, string outcome) =>
        _requests.Add(1, new KeyValuePair<string, object?>("issuer", issuer), new KeyValuePair<string, object?>("outcome", outcome));

    public void Validated(string type, bool answered) =>
        _challenges.Add(1, new KeyValuePair<string, object?>("type", type), new KeyValuePair<string, object?>("outcome", answered ? "answered" : "unknown"));
}
