using System.Diagnostics.Metrics;
using Actors443.Certificates;

namespace Actors443.Telemetry;

/// <summary>Instruments of certificates. Thread-safe.</summary>
internal sealed class CertificateMetrics
{
    private readonly Counter<long> _refused;
    private readonly Counter<long> _canaries;

    public CertificateMetrics(IMeterFactory factory, PublishedCertificates published, TimeProvider time)
    {
        Meter meter = Actors443Meter.Create(factory);
        _refused = meter.CreateCounter<long>("actors443.certificates.refused", "{certificate}", "Certificate pairs that were refused.");
        _canaries = meter.CreateCounter<long>("actors443.certificates.canary.ended", "{trial}", "Trials of new certificates that have ended, by outcome.");
        meter.CreateObservableGauge("actors443.certificates.canary.handshakes", () => Canary(published), "{handshake}", "Handshakes of the trial under way, by certificate and outcome.");
        meter.CreateObservableGauge("actors443.certificates.generation", () => published.Current.Generation, "{generation}", "Generation of the published index.");
        meter.CreateObservableGauge("actors443.certificate.expiry", () => Expiry(published, time), "s", "Seconds until a served certificate expires, by first name and source.");
    }

    public void Refused() => _refused.Add(1);

    public void CanaryEnded(bool promoted) => _canaries.Add(1, new KeyValuePair<string, object?>("outcome", promoted ? "promoted" : "rolled_back"));

    private static IEnumerable<Measurement<long>> Canary(PublishedCertificates published)
    {
        if (published.Trial is not { Counts: var counts })
            yield break;
        foreach ((string certificate, string outcome, long count) in new[] { ("new", "completed", counts.NewCompleted), ("new", "failed", counts.NewFailed), ("old", "completed", counts.OldCompleted), ("old", "failed", counts.OldFailed) })
            yield return new Measurement<long>(count, new KeyValuePair<string, object?>("certificate", certificate), new KeyValuePair<string, object?>("outcome", outcome));
    }

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
