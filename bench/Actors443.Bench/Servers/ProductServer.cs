using System.Diagnostics;
using Actors443.Server.Telemetry;

namespace Actors443.Bench.Servers;

/// <summary>Actors443 as it is run by its users, an actor on every connection.</summary>
/// <param name="engine">As <c>engine</c> in its settings has it.</param>
internal sealed class ProductServer(BenchSite site, string engine) : ComparedServer("Actors443 " + engine, site)
{
    public override string? Missing => null;

    // It watches the files.
    public override Task ReloadAsync() => Task.CompletedTask;

    protected override Task<string> VersionAsync() =>
        Task.FromResult($"Actors443 {ServerVersion.Product} ({(ServerVersion.Commit is { } commit ? commit[..7] + ", " : "")}.NET {Environment.Version}, engine {engine})");

    protected override Process Launch(int port)
    {
        string file = Site.Write($"actors443-{engine}.conf", $$"""
            actors443 {
              engine = {{engine}}
              sites.localhost.routes = [
                { path = "/hello", respond { status = 200, type = "text/plain", body = "{{BenchSite.Hello}}" } }
                { path = "/files/*", files = "{{Site.Files}}" }
                { path = "/proxy", proxy = "http://127.0.0.1:{{Site.UpstreamPort}}" }
              ]
              https.bind = "127.0.0.1:{{port}}"
              http.enabled = off
              admin.enabled = off
              log.level = warning
              certificates.files = [{ chain = "{{Site.Chain}}", key = "{{Site.Key}}" }]
              state-directory = "{{Site.Folder}}/state-{{engine}}"
              deadlines.idle = 10m
            }
            """);
        return Programs.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "Actors443.Server.dll"), "run", file]);
    }
}
