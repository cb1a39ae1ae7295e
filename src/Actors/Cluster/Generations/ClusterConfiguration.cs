namespace Actors443.Cluster.Generations;

/// <summary>Where this node stands with the configuration of its cluster. Thread-safe.</summary>
/// <param name="takesPart">False: its settings are its host's, and the cluster has no say in them.</param>
internal sealed class ClusterConfiguration(bool takesPart)
{
    private readonly TaskCompletionSource<IConfigurationHost> _host = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GenerationState _state = new(ConfigurationGeneration.None, takesPart ? "the generation of the cluster's configuration is not known yet" : null, !takesPart);

    public bool TakesPart => takesPart;

    /// <summary>What is in force here, and whether it is what the cluster has.</summary>
    public GenerationState State
    {
        get => Volatile.Read(ref _state);
        set => Volatile.Write(ref _state, value);
    }

    /// <summary>Comes when the server is put together.</summary>
    public Task<IConfigurationHost> Host => _host.Task;

    /// <summary>Once.</summary>
    public void Attach(IConfigurationHost host) => _host.SetResult(host);

    /// <summary>Before the server is put together: it starts with this generation, which it had kept.</summary>
    public void StartWith(ConfigurationGeneration generation) => State = State with { InForce = generation };
}

/// <param name="InForce">The generation by which this node serves.</param>
/// <param name="Problem">Why it is not, or may not be, that of the cluster; null: it is.</param>
/// <param name="IsSynchronized">Since it joined, this node has served by what the cluster had: clients may come. One that then fails with a later generation still serves by the former.</param>
internal sealed record GenerationState(ConfigurationGeneration InForce, string? Problem, bool IsSynchronized);
