using System.Text.Json;
using Actors443.Server.Admin.Access;
using Actors443.Server.Admin.Audit;
using Actors443.Server.Admin.OpenApi;
using Actors443.Server.Applying;
using Actors443.Server.Applying.Planning;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Server.Admin;

/// <summary>The configuration in force: what it is, what another would do, and putting that in force.</summary>
internal static class ConfigurationEndpoints
{
    // Ten thousand sites on a line each.
    private const int LargestCandidate = 8 * 1024 * 1024;

    public static void Map(IEndpointRouteBuilder routes, string path, IServerControl control)
    {
        var version = new ResourceVersion(_ => ValueTask.FromResult<string?>(control.Configuration.Version));
        routes.MapGet(path, context => AdminJson.WriteAsync(context, ConfigurationReport.Of(control.Configuration))).WithMetadata(version)
            .Describe<ConfigurationReport>("The configuration in force: its generation, and who put it in force");
        routes.MapPost($"{path}/plan", context => PlanAsync(context, control))
            .Describe(new ApiOperation("What a configuration would do to the live connections of this node; changes nothing") { Body = typeof(ConfigurationCandidate), Answer = typeof(PlanReport) });
        routes.MapPut(path, context => ApplyAsync(context, control)).WithMetadata(version).Describe(new ApiOperation("Puts a configuration in force, all of it or nothing")
        {
            Body = typeof(ConfigurationCandidate),
            Answer = typeof(AppliedReport),
            NeedsIfMatch = true,
            Query = [("planned", "Only if the candidate is the one that was planned: what follows the dot in its plan")],
        });
    }

    private static async Task PlanAsync(HttpContext context, IServerControl control)
    {
        if (await PrepareAsync(context, control) is { } prepared)
            await AdminJson.WriteAsync(context, await control.PlanAsync(prepared, context.RequestAborted));
    }

    private static async Task ApplyAsync(HttpContext context, IServerControl control)
    {
        if (await PrepareAsync(context, control) is not { } prepared)
            return;
        if (context.Request.Query["planned"] is [{ } planned] && planned != prepared.Fingerprint)
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status412PreconditionFailed, $"this is not the configuration that was planned ({planned}) but another ({prepared.Fingerprint}); plan it again");
            return;
        }

        Commit commit = await control.CommitAsync(prepared, AdminCaller.Of(context).ToString());
        AuditDetail.Tell(context, commit.Describe(prepared));
        context.Response.GetTypedHeaders().ETag = new($"\"{commit.Running.Version}\"");
        switch (commit.Outcome)
        {
            case CommitOutcome.Superseded:
                await AdminFailures.WriteAsync(context, StatusCodes.Status412PreconditionFailed, commit.Problems[0]);
                break;
            case CommitOutcome.Failed:
                await AdminFailures.WriteAsync(context, StatusCodes.Status500InternalServerError, "nothing was changed: a part could not be put in force", commit.Problems);
                break;
            default:
                await AdminJson.WriteAsync(context, AppliedReport.Of(commit, prepared));
                break;
        }
    }

    private static async Task<PreparedConfiguration?> PrepareAsync(HttpContext context, IServerControl control)
    {
        if (await ReadAsync(context) is not { } candidate)
            return null;
        Preparation preparation = await control.PrepareAsync(candidate, context.RequestAborted);
        if (preparation.Prepared is null)
            await AdminFailures.WriteAsync(context, StatusCodes.Status422UnprocessableEntity, "the configuration is refused", preparation.Problems);
        return preparation.Prepared;
    }

    /// <summary>The candidate of a request; null: it was answered what is wrong with it.</summary>
    public static async Task<ConfigurationCandidate?> ReadAsync(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = LargestCandidate;
        ConfigurationCandidate? candidate;
        try
        {
            candidate = await JsonSerializer.DeserializeAsync<ConfigurationCandidate>(context.Request.Body, AdminJson.Options, context.RequestAborted);
        }
        catch (JsonException cause)
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status400BadRequest, $"send {{\"files\": [{{\"name\": \"/etc/site.conf\", \"text\": \"…\"}}], \"overrides\": []}}: {cause.Message}");
            return null;
        }

        if (candidate?.Files is null or { Count: 0 } && candidate?.Overrides is { Count: > 0 })
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status400BadRequest, "overrides are for files: send the files as well");
            return null;
        }

        return candidate ?? new();
    }
}

/// <summary>The configuration in force.</summary>
/// <param name="Generation">1 at the start, one more for each that changed something.</param>
/// <param name="Fingerprint">The same for the same settings.</param>
/// <param name="Since">When it was put in force.</param>
/// <param name="By">Who did.</param>
internal sealed record ConfigurationReport(long Generation, string Fingerprint, DateTimeOffset Since, string By)
{
    public static ConfigurationReport Of(RunningConfiguration running) => new(running.Generation, running.Fingerprint, running.Since, running.By);
}

/// <summary>What came of putting a configuration in force.</summary>
internal sealed record AppliedReport
{
    /// <summary>False: it was in force already.</summary>
    public required bool Changed { get; init; }

    public required ConfigurationReport Running { get; init; }

    /// <summary>Settings that have changed.</summary>
    public required IReadOnlyList<string> LiveKeys { get; init; }

    /// <summary>Settings that wait for the next start.</summary>
    public required IReadOnlyList<string> RestartKeys { get; init; }

    /// <summary>Connections that were told to end, with what is in flight finished first.</summary>
    public required int Drained { get; init; }

    /// <summary>What is wrong with certificates all the same.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    public static AppliedReport Of(Commit commit, PreparedConfiguration prepared) => new()
    {
        Changed = commit.Outcome == CommitOutcome.Applied,
        Running = ConfigurationReport.Of(commit.Running),
        LiveKeys = prepared.Change.LiveKeys,
        RestartKeys = prepared.Change.RestartKeys,
        Drained = commit.Drained,
        Problems = commit.Problems,
    };
}
