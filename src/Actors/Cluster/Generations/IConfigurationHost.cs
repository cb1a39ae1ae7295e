namespace Actors443.Cluster.Generations;

/// <summary>A node's own part in configurations of the cluster: reading them as this machine does, and putting them in force. Thread-safe.</summary>
internal interface IConfigurationHost
{
    /// <summary>Whether it could be put in force here. Changes nothing. Answers why not, a line each that names the setting.</summary>
    Task<IReadOnlyList<string>> PrepareAsync(ConfigurationGeneration generation, CancellationToken cancellationToken);

    /// <summary>Puts it in force, all of it or nothing. Answers why not.</summary>
    Task<IReadOnlyList<string>> PutInForceAsync(ConfigurationGeneration generation);
}
