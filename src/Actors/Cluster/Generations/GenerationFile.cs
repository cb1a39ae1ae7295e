using Actors443.Certificates;

namespace Actors443.Cluster.Generations;

/// <summary>The generation that a node has kept: <c>cluster/configuration</c> in its state directory, for its owner alone. Used by one thread at a time.</summary>
internal sealed class GenerationFile(string stateDirectory)
{
    public string Path { get; } = System.IO.Path.Combine(stateDirectory, "cluster", "configuration");

    /// <summary>Null: there is none.</summary>
    /// <exception cref="IOException">The disk fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The file is somebody else's.</exception>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public ConfigurationGeneration? Read() => File.Exists(Path) ? ConfigurationGeneration.Unpack(File.ReadAllBytes(Path)) : null;

    /// <exception cref="IOException">The disk is full, or fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is somebody else's.</exception>
    public void Write(ConfigurationGeneration generation)
    {
        PrivateFile.MakeFolder(System.IO.Path.GetDirectoryName(Path)!);
        PrivateFile.Write(Path, generation.Pack());
    }
}
