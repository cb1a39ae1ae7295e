using System.Diagnostics.Metrics;

namespace Actors443.Telemetry;

/// <summary>Instruments of the limits that nodes share. Thread-safe.</summary>
internal sealed class ClusterLimitMetrics
{
    private readonly Counter<long> _messages;
    private readonly Counter<long> _counts;
    private int _told;
    private int _known;

    public ClusterLimitMetrics(IMeterFactory factory)
    {
        Meter meter = Actors443Meter.Create(factory);
        _messages = meter.CreateCounter<long>("actors443.cluster.limits.messages", "{message}", "Messages to other nodes about what clients, accounts and certificates have here.");
        _counts = meter.CreateCounter<long>("actors443.cluster.limits.counts", "{count}", "Counts told, however many nodes each is told to.");
        meter.CreateObservableUpDownCounter("actors443.cluster.limits.told", () => Volatile.Read(ref _told), "{key}", "Clients, accounts and certificates that other nodes are told of.");
        meter.CreateObservableUpDownCounter("actors443.cluster.limits.known", () => Volatile.Read(ref _known), "{key}", "Clients, accounts and certificates that other nodes have told of.");
    }

    public void Sent(int messages, int counts)
    {
        _messages.Add(messages);
        _counts.Add(counts);
    }

    public void Keys(int told, int known)
    {
        Volatile.Write(ref _told, told);
        Volatile.Write(ref _known, known);
    }
}
