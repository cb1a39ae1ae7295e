using System.Diagnostics.Metrics;
using System.Globalization;

namespace Actors443.Telemetry;

/// <summary>Instruments of ACME. Thread-safe.</summary>
internal sealed class AcmeMetrics(IMeterFactory factory)
{
    private readonly Counter<long> _requests = Actors443Meter.Create(factory)
        .CreateCounter<long>("actors443.acme.requests", "{request}", "Requests to CAs, by issuer and HTTP status or failure.");

    private readonly Counter<long> _challenges = Actors443Meter.Create(factory)
        .CreateCounter<long>("actors443.acme.challenges", "{question}", "Validations by CAs that came in, by type and whether there was an answer.");

    public void Asked(string issuer, int status) => Asked(issuer, status.ToString(CultureInfo.InvariantCulture));

    public void Asked(string issuer, string outcome) =>
        _requests.Add(1, new KeyValuePair<string, object?>("issuer", issuer), new KeyValuePair<string, object?>("outcome", outcome));

    public void Validated(string type, bool answered) =>
        _challenges.Add(1, new KeyValuePair<string, object?>("type", type), new KeyValuePair<string, object?>("outcome", answered ? "answered" : "unknown"));
}
