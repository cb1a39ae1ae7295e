using System.Diagnostics;
using Actors443.Bench.Servers;
using Actors443.Server.Telemetry;

namespace Actors443.Bench.Dns;

/// <summary>Actors443 as a resolver.</summary>
internal sealed class ProductResolver(BenchSite site, int upstream, string engine) : ComparedServer("Actors443 " + engine, site)
{
    public override string? Missing => null;

    public override Task ReloadAsync() => Task.CompletedTask;

    protected override Task<string> VersionAsync() => Task.FromResult($"Actors443 {ServerVersion.Product} ({(ServerVersion.Commit is { } commit ? commit[..7] + ", " : "")}.NET {Environment.Version}, engine {engine})");

    protected override Process Launch(int port)
    {
        string file = Site.Write($"dns-{engine}.conf", $$"""
            actors443 {
              engine = {{engine}}
              sites.localhost { dns = on }
              dns.upstreams = "127.0.0.1:{{upstream}}"
              https.bind = "127.0.0.1:{{port}}"
              http.enabled = off
              admin.enabled = off
              log.level = warning
              certificates.files = [{ chain = "{{Site.Chain}}", key = "{{Site.Key}}" }]
              state-directory = "{{Site.Folder}}/state-dns-{{engine}}"
            }
            """);
        return Programs.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "Actors443.Server.dll"), "run", file]);
    }
}

/// <summary>unbound, which answers DNS over HTTPS itself.</summary>
internal sealed class UnboundResolver(BenchSite site, int upstream) : ComparedServer("unbound", site)
{
    public override string? Missing => Programs.Find("unbound") is null ? "apt install unbound" : null;

    public override Task ReloadAsync() => Task.CompletedTask;

    protected override async Task<string> VersionAsync() => "unbound " + (await Programs.RunAsync(Programs.Find("unbound")!, "-V")).Split('\n')[0].Split(' ')[^1];

    protected override Process Launch(int port)
    {
        string file = Site.Write("unbound.conf", $"""
            server:
              interface: 127.0.0.1@{port}
              https-port: {port}
              tls-service-key: "{Site.Key}"
              tls-service-pem: "{Site.Chain}"
              username: ""
              chroot: ""
              directory: "{Site.Folder}"
              pidfile: "{Site.Folder}/unbound.pid"
              do-daemonize: no
              use-syslog: no
              num-threads: 2
              module-config: "iterator"
              do-not-query-localhost: no
              http-max-streams: 200
              access-control: 127.0.0.0/8 allow
            forward-zone:
              name: "."
              forward-addr: 127.0.0.1@{upstream}
            """);
        return Programs.Start(Programs.Find("unbound")!, ["-c", file]);
    }
}
