using System.Diagnostics.Metrics;
using Actors443.Cluster.Generations;

namespace Actors443.Telemetry;

/// <summary>Instruments of the configuration that holds for all nodes. Thread-safe.</summary>
internal sealed class ClusterConfigurationMetrics
{
    private readonly Counter<long> _pushes;

    public ClusterConfigurationMetrics(IMeterFactory factory, ClusterConfiguration configuration)
    {
        Meter meter = Actors443Meter.Create(factory);
        meter.CreateObservableGauge("actors443.cluster.configuration.generation", () => configuration.State.InForce.Number, "{generation}", "Generation of the cluster's configuration that is in force on this node; 0: none.");
        meter.CreateObservableGauge("actors443.cluster.configuration.lags", () => configuration.State.Problem is null ? 0 : 1, "{node}", "1: this node does not serve by the cluster's generation, or does not know it yet.");
        _pushes = meter.CreateCounter<long>("actors443.cluster.configuration.pushes", "{push}", "Configurations put to all nodes, by outcome; counted by the node that decides.");
    }

    public void Pushed(PushOutcome outcome) => _pushes.Add(1, new KeyValuePair<string, object?>("outcome", outcome.ToString().ToLowerInvariant()));
}
