using System.Globalization;
using Actors443.Cluster.Generations;
using Actors443.Server.Admin.Access;
using Actors443.Server.Admin.OpenApi;
using Actors443.Server.Applying;

namespace Actors443.Server.Admin;

/// <summary>The configuration that holds for all nodes of the cluster.</summary>
internal static class ClusterConfigurationEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, string path, IServerControl control)
    {
        var version = new ResourceVersion(_ => ValueTask.FromResult<string?>(ClusterConfigurationReport.Of(control.Generation).Version));
        routes.MapGet(path, context => AdminJson.WriteAsync(context, ClusterConfigurationReport.Of(control.Generation))).WithMetadata(version)
            .Describe<ClusterConfigurationReport>("The generation of the cluster's configuration by which this node serves");
        routes.MapPut(path, context => PushAsync(context, control)).WithMetadata(version)
            .Describe(new ApiOperation("Puts a configuration in force on all nodes, or on none") { Body = typeof(ConfigurationCandidate), Answer = typeof(ClusterPushReport) });
    }

    private static async Task PushAsync(HttpContext context, IServerControl control)
    {
        if (await ConfigurationEndpoints.ReadAsync(context) is not { } candidate)
            return;
        if (candidate.Files.Count == 0)
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status400BadRequest, "send the files: what a node was started with is its own");
            return;
        }

        // Whoever says what is replaced has read it here.
        long? replaces = context.Request.Headers.IfMatch.Count > 0 ? control.Generation.InForce.Number : null;
        if (await control.PushAsync(candidate, replaces, AdminCaller.Of(context).ToString(), context.RequestAborted) is not { } pushed)
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status409Conflict, "the server is in no cluster; PUT /api/v1/configuration is for it alone");
            return;
        }

        string[] problems = [.. pushed.Problems.Select(problem => $"{problem.Node}: {problem.Text}")];
        switch (pushed.Outcome)
        {
            case PushOutcome.Refused:
                await AdminFailures.WriteAsync(context, StatusCodes.Status422UnprocessableEntity, $"the configuration is refused, and in force on no node; generation {pushed.Generation.ToString(CultureInfo.InvariantCulture)} stays", problems);
                break;
            case PushOutcome.Superseded:
                await AdminFailures.WriteAsync(context, StatusCodes.Status412PreconditionFailed, problems[0]);
                break;
            case PushOutcome.Busy:
                await AdminFailures.WriteAsync(context, StatusCodes.Status409Conflict, problems[0]);
                break;
            default:
                await AdminJson.WriteAsync(context, new ClusterPushReport(pushed.Outcome == PushOutcome.Applied, pushed.Generation, pushed.By, pushed.Nodes, problems));
                break;
        }
    }
}

/// <summary>By what a node serves.</summary>
/// <param name="Generation">0: by its own files.</param>
/// <param name="Fingerprint">The same for the same files.</param>
/// <param name="By">Who has pushed it.</param>
/// <param name="Since">When it was decided; null: none is.</param>
/// <param name="Files">Their names.</param>
/// <param name="Problem">Why it may not be the cluster's; null: it is.</param>
internal sealed record ClusterConfigurationReport(long Generation, string Fingerprint, string By, DateTimeOffset? Since, IReadOnlyList<string> Files, string? Problem)
{
    /// <summary>Tells it from every other, before and after.</summary>
    internal string Version => string.Create(CultureInfo.InvariantCulture, $"{Generation}-{Fingerprint}");

    public static ClusterConfigurationReport Of(GenerationState state)
    {
        ConfigurationGeneration generation = state.InForce;
        return new(generation.Number, generation.Fingerprint, generation.By, generation.Number == 0 ? null : generation.At, [.. generation.Files.Select(file => file.Name)], state.Problem);
    }
}

/// <summary>What came of a push.</summary>
/// <param name="Changed">False: it was the cluster's already.</param>
/// <param name="Generation">The cluster's.</param>
/// <param name="By">Who has pushed it.</param>
/// <param name="Nodes">On which it is in force.</param>
/// <param name="Problems">On which it is not yet, one line each.</param>
internal sealed record ClusterPushReport(bool Changed, long Generation, string By, IReadOnlyList<string> Nodes, IReadOnlyList<string> Problems);
