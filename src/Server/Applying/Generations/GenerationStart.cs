using Actors443.Cluster.Generations;
using Actors443.Server.Cli;
using Actors443.Server.Configuration;

namespace Actors443.Server.Applying.Generations;

/// <summary>Has a node of a cluster start by the generation that it kept, and read its own files under what the cluster decides.</summary>
internal static class GenerationStart
{
    /// <param name="start">As the command line says.</param>
    /// <param name="configuration">Is told what the node starts with.</param>
    /// <param name="overlay">Is told what the cluster has decided.</param>
    public static ServerStart Over(ServerStart start, ClusterConfiguration configuration, ClusterOverlay overlay)
    {
        if (!start.Settings.Core.Cluster.Enabled)
            return start;
        Func<LoadedSettings> own = start.Reload;
        return Kept(start, configuration, overlay) with { LoadOwn = own, Reload = () => overlay.Over(own()) };
    }

    private static ServerStart Kept(ServerStart start, ClusterConfiguration configuration, ClusterOverlay overlay)
    {
        var file = new GenerationFile(start.Settings.Core.StateDirectory);
        try
        {
            if (file.Read() is not { } kept || ClusterOverlay.Load(kept) is not { } loaded)
                return start;
            if (loaded.Settings is null)
            {
                // The cluster may have another by now; if it has not, the node says that it cannot put it in force.
                foreach (string problem in loaded.Errors.Select(problem => problem.ToString()))
                    start.Console.WriteError($"generation {kept.Number} of the cluster: {problem}");
                return start;
            }

            overlay.Decide(kept, loaded.Settings);
            configuration.StartWith(kept);
            return start with { Loaded = overlay.Over(start.Loaded) };
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            start.Console.WriteError($"{file.Path}: {cause.Message}; the node starts by its own files and asks the others");
            return start;
        }
    }
}
