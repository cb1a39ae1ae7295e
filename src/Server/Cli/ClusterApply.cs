using Actors443.Server.Admin;
using Actors443.Server.Applying;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 apply --cluster</c>: a configuration in force on all nodes, or on none.</summary>
internal static class ClusterApply
{
    public static async Task<int> RunAsync(AdminClient client, ConfigurationCandidate candidate, bool json, CommandConsole console, CancellationToken cancellationToken)
    {
        if (candidate.Files.Count == 0)
        {
            console.WriteError("actors443: --cluster needs a FILE: what a node was started with is its own");
            return ExitCode.BadUsage;
        }

        ClusterPushReport pushed = await client.PushAsync(candidate, cancellationToken);
        foreach (string problem in pushed.Problems)
            console.WriteError(problem);
        if (json)
            console.WriteJson(pushed);
        else
        {
            console.Output.WriteLine(pushed.Changed
                ? $"applied: generation {pushed.Generation} on {string.Join(", ", pushed.Nodes)}"
                : $"nothing to do: generation {pushed.Generation} of {pushed.By} says the same");
        }

        return ExitCode.Done;
    }
}
