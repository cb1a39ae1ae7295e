using System.Diagnostics.Metrics;
using Actors443.Dns;

namespace Actors443.Telemetry;

/// <summary>Instruments of the resolver; what each query counts is read when scraped. Thread-safe.</summary>
internal sealed class DnsMetrics
{
    private readonly Histogram<double> _upstream;

    public DnsMetrics(IMeterFactory factory, DnsResolver resolver)
    {
        Meter meter = Actors443Meter.Create(factory);
        DnsCounters counters = resolver.Counters;
        meter.CreateObservableCounter("actors443.dns.queries", () => counters.All.Select(count => new Measurement<long>(count.Count, Tag("outcome", NameOf(count.Outcome)))), "{query}", "DNS queries, by outcome.");
        meter.CreateObservableCounter("actors443.dns.coalesced", () => counters.Coalesced, "{query}", "DNS queries that waited for a question that another had put.");
        meter.CreateObservableCounter("actors443.dns.prefetches", () => counters.Prefetches, "{question}", "Questions put before an answer in demand expired.");
        meter.CreateObservableCounter("actors443.dns.shared", () => counters.Shared.Select(count => new Measurement<long>(count.Count, Tag("outcome", count.Sharing.ToString().ToLowerInvariant()))), "{question}", "Questions between the nodes of a cluster, by outcome.");
        meter.CreateObservableUpDownCounter("actors443.dns.cache.entries", () => resolver.Runtime?.Cache.Count ?? 0, "{answer}", "DNS answers kept.");
        meter.CreateObservableUpDownCounter("actors443.dns.cache.size", () => resolver.Runtime?.Cache.Bytes ?? 0, "By", "Memory of the DNS answers kept, about.");
        meter.CreateObservableUpDownCounter("actors443.dns.clients", () => resolver.Runtime?.Clients.Count ?? 0, "{client}", "Clients whose DNS queries are counted.");
        meter.CreateObservableUpDownCounter("actors443.dns.blocked_names", () => resolver.Runtime?.Local.Blocked ?? 0, "{name}", "Names of block lists.");
        meter.CreateObservableGauge(
            "actors443.dns.upstream.up",
            () => resolver.Runtime?.Upstreams.Upstreams.Select(upstream => new Measurement<int>(upstream.IsDown ? 0 : 1, Tag("upstream", upstream.Name))) ?? [],
            "{upstream}",
            "1: the upstream answers.");
        _upstream = meter.CreateHistogram(
            "actors443.dns.upstream.duration", "s", "Questions put to upstreams, by upstream and outcome.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] });
    }

    /// <param name="outcome">A response code, timeout or failed.</param>
    public void UpstreamAsked(string upstream, string outcome, TimeSpan duration)
    {
        if (_upstream.Enabled)
            _upstream.Record(duration.TotalSeconds, Tag("upstream", upstream), Tag("outcome", outcome));
    }

    /// <summary>As metrics and status have it.</summary>
    public static string NameOf(DnsOutcome outcome) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(outcome.ToString());

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);
}
