using Actors443.Cluster.Generations;
using Actors443.Server.Cli;
using Actors443.Server.Configuration;
using Actors443.Supervision;

namespace Actors443.Server.Applying.Generations;

/// <summary>Has this node serve by generations of the cluster. Thread-safe.</summary>
internal sealed class GenerationHost(ServerStart start, ConfigurationApplier applier, ClusterOverlay overlay, ServerLifecycle lifecycle) : IConfigurationHost
{
    public async Task<IReadOnlyList<string>> PrepareAsync(ConfigurationGeneration generation, CancellationToken cancellationToken)
    {
        (LoadedSettings loaded, _) = Read(generation);
        return (await applier.PrepareAsync(loaded, cancellationToken)).Problems;
    }

    public async Task<IReadOnlyList<string>> PutInForceAsync(ConfigurationGeneration generation)
    {
        // Its own come first, whatever is decided while it starts.
        await lifecycle.WaitForAsync(ServerPhase.Running);
        while (true)
        {
            (LoadedSettings loaded, ServerSettings? decided) = Read(generation);
            Preparation preparation = await applier.PrepareAsync(loaded, CancellationToken.None);
            if (preparation.Prepared is not { } prepared)
                return preparation.Problems;
            Commit commit = await applier.CommitAsync(prepared, $"generation {generation.Number} of the cluster, {generation.By}");
            switch (commit.Outcome)
            {
                case CommitOutcome.Superseded:
                    // A file of this node's own has changed in between.
                    break;
                case CommitOutcome.Failed:
                    return commit.Problems;
                default:
                    overlay.Decide(generation, decided);
                    return [];
            }
        }
    }

    private (LoadedSettings Loaded, ServerSettings? Decided) Read(ConfigurationGeneration generation)
    {
        if (ClusterOverlay.Load(generation) is not { } decided)
            return ((start.LoadOwn ?? start.Reload)(), null);
        return (decided with { Settings = decided.Settings is { } settings ? ClusterScope.Over(applier.Running.Settings, settings) : null }, decided.Settings);
    }
}
