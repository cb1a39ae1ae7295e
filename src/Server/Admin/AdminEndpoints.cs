using Actors443.Admission;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Connections.History;
using Actors443.Server.Admin.Audit;
using Actors443.Server.Admin.Dashboard;
using Actors443.Server.Admin.Events;
using Actors443.Server.Admin.OpenApi;
using Actors443.Server.Hosting.Upgrades;
using Actors443.Server.Telemetry;
using Actors443.Supervision;

namespace Actors443.Server.Admin;

/// <summary>What the admin server answers to.</summary>
internal static class AdminEndpoints
{
    private const string Api = "/api/v1";

    public static void Map(IEndpointRouteBuilder routes, IServerControl control, EventFeed events, ILogger log)
    {
        DashboardPage.Map(routes);
        routes.MapMethods("/healthz", ["GET", "HEAD"], context => context.Response.WriteAsync("ok\n"));
        routes.MapMethods("/readyz", ["GET", "HEAD"], context => ReadyAsync(context, control));
        routes.MapGet($"{Api}/openapi.json", context => AdminJson.WriteAsync(context, OpenApiDocument.Of(routes.DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>())))
            .Describe(new ApiOperation("This document"));
        // This process in this phase: whoever drains one that was restarted since he looked means another.
        var process = new ResourceVersion(async context => await control.StatusAsync(context.RequestAborted) is var status ? $"{status.ProcessId}-{status.StartedAt.UtcTicks:x}-{status.Phase}" : null);
        routes.MapGet($"{Api}/status", async context => await AdminJson.WriteAsync(context, await control.StatusAsync(context.RequestAborted))).WithMetadata(process)
            .Describe<ServerStatus>("The server at a glance");
        routes.MapGet($"{Api}/admission", async context => await AdminJson.WriteAsync(context, await control.AdmissionAsync(context.RequestAborted)))
            .Describe<AdmissionStatus>("The admission mode with its reasons");
        ConfigurationEndpoints.Map(routes, $"{Api}/configuration", control);
        ClusterConfigurationEndpoints.Map(routes, $"{Api}/cluster/configuration", control);
        MapCertificates(routes, control, log);
        MapConnections(routes, control, log);
        routes.MapGet($"{Api}/cluster", async context => await AdminJson.WriteAsync(context, await control.ListNodesAsync(context.RequestAborted)))
            .Describe<ClusterNodeReport[]>("The nodes of the cluster, the oldest first; empty: there is none");
        RevocationEndpoints.Map(routes, $"{Api}/revoked", control, log);
        routes.MapGet($"{Api}/tunnels", async context => await AdminJson.WriteAsync(context, TunnelReport.List(await control.ListTunnelsAsync(context.RequestAborted))))
            .Describe<TunnelReport[]>("Open tunnels, the oldest first");
        // As far as it has come: whoever ends one that has stood still means one that still does.
        var tunnel = new ResourceVersion(async context => await FindTunnelAsync(context, control) is { } found ? $"{found.Id}-{found.BytesUp}-{found.BytesDown}" : null);
        routes.MapGet($"{Api}/tunnels/{{id}}", context => ShowTunnelAsync(context, control)).WithMetadata(tunnel)
            .Describe<TunnelReport>("A tunnel");
        routes.MapDelete($"{Api}/tunnels/{{id}}", context => KillTunnelAsync(context, control, log)).WithMetadata(tunnel)
            .Describe(new ApiOperation("Ends a tunnel") { Status = StatusCodes.Status204NoContent });
        routes.MapGet($"{Api}/sites", context => AdminJson.WriteAsync(context, control.ListSites(int.MaxValue)))
            .Describe<SiteListing>("Sites with their upstreams and health; routes of connections");
        routes.MapGet($"{Api}/actors", context => control.Supervision() is { } tree ? AdminJson.WriteAsync(context, tree) : AdminFailures.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "the server is starting; there are no actors yet"))
            .Describe<ActorReport>("The supervision tree with its counts");
        routes.MapGet($"{Api}/events", events.ListenAsync)
            .Describe(new ApiOperation("Snapshots of the server as server-sent events, one a second") { Answer = typeof(EventSnapshot), ContentType = "text/event-stream" });
        routes.MapPost($"{Api}/upgrade", context => UpgradeAsync(context, control)).WithMetadata(process)
            .Describe<UpgradeReport>("Replaces the process by a new one of the installed program, which is given the listening sockets");
        routes.MapPost($"{Api}/drain", context => DrainAsync(context, control, log)).WithMetadata(process)
            .Describe(new ApiOperation("Begins the graceful stop") { Status = StatusCodes.Status202Accepted });
    }

    private static void MapCertificates(IEndpointRouteBuilder routes, IServerControl control, ILogger log)
    {
        // So that two who see the same old certificate do not both order another.
        var certificates = new ResourceVersion(async context =>
            ContentVersion.Of((await control.ListCertificatesAsync(context.RequestAborted)).Certificates.Select(certificate => certificate.Fingerprint).Order(StringComparer.Ordinal).ToArray()));
        routes.MapGet($"{Api}/certificates", async context => await AdminJson.WriteAsync(context, await control.ListCertificatesAsync(context.RequestAborted))).WithMetadata(certificates)
            .Describe<CertificateListing>("Certificates being served, and what is wrong with the others");
        routes.MapPost($"{Api}/certificates/{{name}}/renew", context => RenewAsync(context, control, log)).WithMetadata(certificates)
            .Describe(new ApiOperation("Has a new certificate ordered by ACME") { Answer = typeof(RenewalReport), Status = StatusCodes.Status202Accepted });
        routes.MapGet($"{Api}/certificates/{{name}}/story", context => ExplainAsync(context, control))
            .Describe<StoryReport>("The story of a name's orders by ACME");
    }

    private static void MapConnections(IEndpointRouteBuilder routes, IServerControl control, ILogger log)
    {
        routes.MapGet($"{Api}/connections", context => ListConnectionsAsync(context, control)).Describe<ConnectionPage>(
            "Connections of all nodes",
            ("where", "A filter, as in 'actors443 conns where'"),
            ("sort", "age, requests or bytes"),
            ("state", "Only those in this state"),
            ("sni", "Only those for this name, exact or *.example.com"),
            ("listener", "Only those of this listener"),
            ("offset", "How many to leave out first"),
            ("limit", $"How many, at most {ConnectionQuery.MaximumLimit}"));
        // As far as it has come: whoever closes an idle one means one that still is.
        var connection = new ResourceVersion(async context => await FindConnectionAsync(context, control) is { } found ? $"{found.Id}-{found.State}-{found.Requests}" : null);
        routes.MapGet($"{Api}/connections/{{id}}", context => ShowConnectionAsync(context, control)).WithMetadata(connection)
            .Describe<ConnectionReport>("A connection of this node");
        routes.MapDelete($"{Api}/connections/{{id}}", context => CloseConnectionAsync(context, control, log)).WithMetadata(connection)
            .Describe(new ApiOperation("Closes a connection of this node") { Status = StatusCodes.Status204NoContent });
        foreach ((string action, string summary) in (ReadOnlySpan<(string, string)>)
        [
            ("close", "Closes the connections that a filter means, on all nodes"),
            ("drain", "Lets the connections that a filter means end in order, on all nodes"),
            ("push", "Says the body of the request to the clients of the connections that a filter means, on all nodes"),
        ])
        {
            routes.MapPost($"{Api}/connections/{action}", context => ActOnConnectionsAsync(action, context, control, log))
                .Describe<ConnectionsActedOn>(summary, ("where!", "Which; empty: all"));
        }

        routes.MapGet($"{Api}/history", context => TellHistoryAsync(context, control)).Describe<ConnectionHistory>(
            "Why connections ended",
            ("of", "An address, a network or the id of a connection; without: everybody"),
            ("limit", $"How many ends, at most {HistoryQuery.MaximumLimit}"));
    }

    private static async Task ReadyAsync(HttpContext context, IServerControl control)
    {
        ServerReadiness readiness = await control.ReadinessAsync(context.RequestAborted);
        context.Response.StatusCode = readiness.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await AdminJson.WriteAsync(context, new ReadinessAnswer(readiness.IsReady, readiness.Problems));
    }

    private static async Task ListConnectionsAsync(HttpContext context, IServerControl control)
    {
        if (ConnectionQuery.TryParse(context.Request.Query, out ConnectionQuery query, out string? problem))
            await AdminJson.WriteAsync(context, await query.AskAsync(control.Connections, context.RequestAborted));
        else
            await AdminFailures.WriteAsync(context, StatusCodes.Status400BadRequest, problem!);
    }

    private static async Task RenewAsync(HttpContext context, IServerControl control, ILogger log)
    {
        string name = (string)context.Request.RouteValues["name"]!;
        RenewalReport report = await control.RenewCertificateAsync(name, context.RequestAborted);
        if (report.Found)
        {
            log.RenewalAsked(name);
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            await AdminJson.WriteAsync(context, report);
        }
        else
            await AdminFailures.WriteAsync(context, StatusCodes.Status404NotFound, report.Message);
    }

    private static async Task ExplainAsync(HttpContext context, IServerControl control)
    {
        StoryReport story = await control.ExplainCertificateAsync((string)context.Request.RouteValues["name"]!, context.RequestAborted);
        if (story.Names.Count > 0)
            await AdminJson.WriteAsync(context, story);
        else
            await AdminFailures.WriteAsync(context, StatusCodes.Status404NotFound, story.Summary);
    }

    private static Task<ConnectionReport?> FindConnectionAsync(HttpContext context, IServerControl control) =>
        control.FindConnectionAsync((string)context.Request.RouteValues["id"]!, context.RequestAborted);

    private static async Task ShowConnectionAsync(HttpContext context, IServerControl control)
    {
        if (await FindConnectionAsync(context, control) is { } connection)
            await AdminJson.WriteAsync(context, connection);
        else
            await AdminFailures.WriteAsync(context, StatusCodes.Status404NotFound, $"there is no connection {context.Request.RouteValues["id"]}; it may have ended");
    }

    private static async Task<TunnelReport?> FindTunnelAsync(HttpContext context, IServerControl control) =>
        TunnelReport.List(await control.ListTunnelsAsync(context.RequestAborted)).FirstOrDefault(tunnel => tunnel.Id == (string)context.Request.RouteValues["id"]!);

    private static async Task ShowTunnelAsync(HttpContext context, IServerControl control)
    {
        if (await FindTunnelAsync(context, control) is { } tunnel)
            await AdminJson.WriteAsync(context, tunnel);
        else
            await AdminFailures.WriteAsync(context, StatusCodes.Status404NotFound, $"there is no tunnel {context.Request.RouteValues["id"]}; it may have ended");
    }

    private static async Task CloseConnectionAsync(HttpContext context, IServerControl control, ILogger log)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        if (await control.CloseConnectionAsync(id, context.RequestAborted))
        {
            log.ConnectionClosed(id);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        else
            await AdminFailures.WriteAsync(context, StatusCodes.Status404NotFound, $"there is no connection {id}; it may have ended");
    }

    // Everybody is only meant by who says so: where must be there, and may be empty.
    private static async Task ActOnConnectionsAsync(string action, HttpContext context, IServerControl control, ILogger log)
    {
        if (!context.Request.Query.TryGetValue("where", out Microsoft.Extensions.Primitives.StringValues where) || where.Count != 1)
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status400BadRequest, "where is missing: say which connections are meant, such as ?where=principal = alice");
            return;
        }

        if (!ConnectionFilter.TryParse(where.ToString(), out ConnectionFilter? filter, out string? problem))
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status400BadRequest, $"where: {problem}");
            return;
        }

        ConnectionsReached reached = action switch
        {
            "close" => await control.Connections.CloseAsync(filter, "by the admin API", context.RequestAborted),
            "drain" => await control.Connections.DrainAsync(filter, cancellationToken: context.RequestAborted),
            _ => await control.Connections.PushAsync(filter, Push.Text(await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted)), context.RequestAborted),
        };
        log.ConnectionsActedOn(action, reached.Count, filter.Text);
        AuditDetail.Tell(context, $"{reached.Count} connections");
        await AdminJson.WriteAsync(context, new ConnectionsActedOn(action, reached.Count, reached.Silent));
    }

    private static async Task TellHistoryAsync(HttpContext context, IServerControl control)
    {
        if (HistoryQuery.TryParse(context.Request.Query, out HistoryQuery query, out string? problem))
            await AdminJson.WriteAsync(context, await control.Connections.HistoryAsync(query.Of, query.Limit, context.RequestAborted));
        else
            await AdminFailures.WriteAsync(context, StatusCodes.Status400BadRequest, problem!);
    }

    private static async Task KillTunnelAsync(HttpContext context, IServerControl control, ILogger log)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        if (await control.KillTunnelAsync(id, context.RequestAborted))
        {
            log.TunnelKilled(id);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        else
            await AdminFailures.WriteAsync(context, StatusCodes.Status404NotFound, $"there is no tunnel {id}; it may have ended");
    }

    // Whoever asked may have gone by then: half an upgrade would be worse.
    private static async Task UpgradeAsync(HttpContext context, IServerControl control)
    {
        try
        {
            await AdminJson.WriteAsync(context, await control.UpgradeAsync());
        }
        catch (UpgradeException problem)
        {
            await AdminFailures.WriteAsync(context, StatusCodes.Status409Conflict, problem.Message);
        }
    }

    private static async Task DrainAsync(HttpContext context, IServerControl control, ILogger log)
    {
        log.DrainAsked();
        await control.BeginDrainAsync(context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private sealed record ReadinessAnswer(bool Ready, IReadOnlyList<ReadinessProblem> Problems);
}
