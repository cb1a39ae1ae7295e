using System.Diagnostics.CodeAnalysis;
using Actors443.Configuration.Reading;
using Actors443.Identities;
using Actors443.Server.Admin.Audit;
using Actors443.Server.Admin.OpenApi;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Admin;

/// <summary>Who is revoked.</summary>
internal static class RevocationEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, string path, IServerControl control, ILogger log)
    {
        (string, string) kind = ("kind!", string.Join(", ", ConnectionQuery.Names<IdentityKind>()));
        (string, string) id = ("id!", "Whose");
        var version = new ResourceVersion(_ => ValueTask.FromResult<string?>(ContentVersion.Of(RevokedReport.List(control.Revocations.All))));
        routes.MapGet(path, context => AdminJson.WriteAsync(context, RevokedReport.List(control.Revocations.All))).WithMetadata(version)
            .Describe<RevokedReport[]>("Who is revoked, the last first");
        routes.MapPost(path, context => RevokeAsync(context, control, log)).WithMetadata(version)
            .Describe<RevocationReport>("Lets nobody in by it any more and cuts what is open, on all nodes", kind, id, ("reason", "Why, for people"));
        routes.MapDelete(path, context => UndoAsync(context, control, log)).WithMetadata(version)
            .Describe<RevocationReport>("Takes a revocation back", kind, id);
    }

    private static async Task RevokeAsync(HttpContext context, IServerControl control, ILogger log)
    {
        if (!TryRead(context.Request.Query, out Identity? identity, out string? problem))
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status400BadRequest, problem);
            return;
        }

        string? reason = context.Request.Query["reason"];
        if (reason?.Length > Revocations.LongestReason)
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status400BadRequest, $"reason has more than {Revocations.LongestReason} characters; shorten it");
            return;
        }

        try
        {
            RevocationReport report = await control.Revocations.RevokeAsync(identity, reason, context.RequestAborted);
            log.RevokedByAdmin(identity, report.Connections, report.Tunnels);
            AuditDetail.Tell(context, $"{report.Connections} connections and {report.Tunnels} tunnels cut");
            await AdminJson.WriteAsync(context, report);
        }
        catch (InvalidOperationException full)
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status409Conflict, full.Message);
        }
    }

    private static async Task UndoAsync(HttpContext context, IServerControl control, ILogger log)
    {
        if (!TryRead(context.Request.Query, out Identity? identity, out string? problem))
            await AdminFailures.WriteAsync(context, StatusCodes.Status400BadRequest, problem);
        else if (await control.Revocations.UndoAsync(identity, context.RequestAborted) is { } report)
        {
            log.RevocationUndoneByAdmin(identity);
            await AdminJson.WriteAsync(context, report);
        }
        else
            await AdminFailures.WriteAsync(context, StatusCodes.Status404NotFound, $"{identity} is not revoked");
    }

    private static bool TryRead(IQueryCollection query, [NotNullWhen(true)] out Identity? identity, [NotNullWhen(false)] out string? problem)
    {
        identity = null;
        foreach (IdentityKind kind in Enum.GetValues<IdentityKind>())
        {
            if (query["kind"] != SettingsValueTypes.NameOf(kind))
                continue;
            if (Identity.TryParse(kind, query["id"].ToString(), out identity, out problem))
                return true;
            problem = $"id: {problem}";
            return false;
        }

        problem = $"kind: write one of {string.Join(", ", ConnectionQuery.Names<IdentityKind>())}, and the identity as id";
        return false;
    }
}

/// <summary>One that is revoked, as the admin API tells it.</summary>
/// <param name="Kind">What kind of identity.</param>
/// <param name="Id">Which.</param>
/// <param name="Since">When it was revoked.</param>
/// <param name="Reason">Null: nothing was said.</param>
internal sealed record RevokedReport(IdentityKind Kind, string Id, DateTimeOffset Since, string? Reason)
{
    /// <summary>The latest first.</summary>
    public static RevokedReport[] List(IEnumerable<RevokedIdentity> revoked) =>
        [.. revoked.OrderByDescending(one => one.Since).Select(one => new RevokedReport(one.Identity.Kind, one.Identity.Id, one.Since, one.Reason))];
}
