using System.Diagnostics;

namespace Actors443.Bench.Servers;

internal sealed class CaddyServer(BenchSite site) : ComparedServer("Caddy", site)
{
    private readonly int _admin = BenchSite.FreePort();

    public override string? Missing => Programs.Find("caddy") is null ? "apt install caddy" : null;

    private string ConfigurationFile => Path.Combine(Site.Folder, "Caddyfile");

    public override async Task ReloadAsync()
    {
        // Forced: the file is the same, the certificate is not.
        await Programs.RunAsync(Programs.Find("caddy")!, "reload", "--config", ConfigurationFile, "--address", $"127.0.0.1:{_admin}", "--force");
    }

    protected override async Task<string> VersionAsync() => "Caddy " + (await Programs.RunAsync(Programs.Find("caddy")!, "version")).Split(' ')[0].Trim();

    protected override Process Launch(int port)
    {
        Site.Write("Caddyfile", $$"""
            {
              admin 127.0.0.1:{{_admin}}
              auto_https off
              servers {
                protocols h1 h2
              }
            }
            https://localhost:{{port}} {
              bind 127.0.0.1
              tls {{Site.Chain}} {{Site.Key}}
              handle /hello {
                header Content-Type text/plain
                respond "{{BenchSite.Hello}}"
              }
              handle /files/* {
                root * {{Site.Root}}
                file_server
              }
              handle /proxy {
                reverse_proxy 127.0.0.1:{{Site.UpstreamPort}}
              }
            }

            """);
        string state = Path.Combine(Site.Folder, "caddy");
        return Programs.Start(
            Programs.Find("caddy")!, ["run", "--config", ConfigurationFile, "--adapter", "caddyfile"], ("GOMAXPROCS", "2"), ("XDG_DATA_HOME", state), ("XDG_CONFIG_HOME", state), ("HOME", state));
    }
}
