using Actors443.Cluster.Generations;
using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Server.Configuration;

namespace Actors443.Server.Applying.Generations;

/// <summary>What the cluster has decided, over a node's own files, whenever those are read. Thread-safe.</summary>
internal sealed class ClusterOverlay
{
    private volatile Decided? _decided;

    /// <summary>The generation's settings, as this machine reads them. Null: the generation has none, so that each node has its own.</summary>
    /// <param name="generation">Of the cluster.</param>
    public static LoadedSettings? Load(ConfigurationGeneration generation) => generation.Files.Count == 0
        ? null
        : ServerSettingsLoader.LoadTexts([.. generation.Files.Select(file => new HoconText(file.Name, file.Text))], generation.Overrides, Environment.GetEnvironmentVariable, out _);

    /// <summary>From now on.</summary>
    /// <param name="generation">Of the cluster.</param>
    /// <param name="settings">As <see cref="Load"/> read them; null: each node has its own.</param>
    public void Decide(ConfigurationGeneration generation, ServerSettings? settings) => _decided = settings is null ? null : new Decided(generation.Number, settings);

    /// <summary>A node's own files, just read, with what the cluster has decided in the place of what they say of it; that they say something else is told.</summary>
    public LoadedSettings Over(LoadedSettings own)
    {
        if (_decided is not { } decided || own.Settings is null)
            return own;
        ServerSettings settings = ClusterScope.Over(own.Settings, decided.Settings);
        IReadOnlyList<string> passedOver = SettingsChange.Between(own.Settings, settings).LiveKeys;
        return own with
        {
            Settings = settings,
            Problems = passedOver.Count == 0 ? own.Problems :
            [
                .. own.Problems,
                new SettingsProblem(SettingsSeverity.Warning, null, 0, string.Join(", ", passedOver), $"as generation {decided.Number} of the cluster says, and not as this node's files do; 'actors443 apply --cluster FILE' changes it on all nodes"),
            ],
        };
    }

    private sealed record Decided(long Number, ServerSettings Settings);
}
