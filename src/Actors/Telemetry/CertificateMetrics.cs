using System.Diagnostics.Metrics;
using Actors443.Certificates;

namespace Actors443.Telemetry;

/// <summary>Instruments of certificates. Thread-safe.</summary>
internal sealed class CertificateMetrics
{
    private readonly Counter<long> _refused;

    public CertificateMetrics(IMeterFactory factory, PublishedCertificates published, TimeProvider time)
    {
        Meter meter = Actors443Meter.Create(factory);
        _refused = meter.CreateCounter<long>("actors443.certificates.refused", "{certificate}", "Certificate pairs that were refused.");
        meter.CreateObservableGauge("actors443.certificates.generation", () => published.Current.Generation, "{generation}", "Generation of the published index.");
        meter.CreateObservableGauge("actors443.certificate.expiry", () => Expiry(published, time), "s", "Seconds until a served certificate expires, by first name and source.");
    }

    public void Refused() => _refused.Add(1);

    private static IEnumerable<Measurement<double>> Expiry(PublishedCertificates published, TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (ServerCertificate certificate in published.Current.Certificates)
        {
            yield return new Measurement<double>(
                (certificate.NotAfter - now).TotalSeconds,
                new KeyValuePair<string, object?>("name", certificate.Names.Count > 0 ? certificate.Names[0] : ""),
                new KeyValuePair<string, object?>("source", certificate.Source));
        }
    }
}
