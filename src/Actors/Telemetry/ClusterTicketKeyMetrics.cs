using System.Diagnostics.Metrics;
using Actors443.Tls;

namespace Actors443.Telemetry;

/// <summary>Instruments of the ticket keys of a cluster. Thread-safe.</summary>
internal sealed class ClusterTicketKeyMetrics
{
    public ClusterTicketKeyMetrics(IMeterFactory factory, PublishedTicketKeys keys) =>
        Actors443Meter.Create(factory).CreateObservableGauge(
            "actors443.cluster.ticket_keys.generation", () => keys.OfCluster.Generation, "{generation}", "Generation of the cluster's ticket keys that is in force on this node; 0: it seals with keys of its own.");
}
