using System.Diagnostics;

namespace Actors443.Bench.Servers;

internal sealed class HaproxyServer(BenchSite site) : ComparedServer("HAProxy", site)
{
    public override string? Missing => Programs.Find("haproxy") is null ? "apt install haproxy" : null;

    public override bool ServesFiles => false;

    public override Task ReloadAsync()
    {
        // The master starts new workers; the old ones serve to the end.
        Programs.UserSignal(Process);
        return Task.CompletedTask;
    }

    protected override async Task<string> VersionAsync() => "HAProxy " + (await Programs.RunAsync(Programs.Find("haproxy")!, "-v")).Split(' ')[2].Split('-')[0];

    protected override Process Launch(int port)
    {
        string file = Site.Write("haproxy.cfg", $$"""
            global
              no strict-limits
              maxconn 18000
              nbthread 2
              ssl-default-bind-options ssl-min-ver TLSv1.2
              tune.ssl.cachesize 20000
            defaults
              mode http
              timeout client 600s
              timeout server 30s
              timeout connect 5s
              timeout http-keep-alive 600s
              backlog 8192
            frontend tls
              bind 127.0.0.1:{{port}} ssl crt {{Site.Both}} alpn h2,http/1.1
              http-request return status 200 content-type text/plain string "{{BenchSite.Hello}}" if { path /hello }
              default_backend behind
            backend behind
              http-reuse always
              server upstream 127.0.0.1:{{Site.UpstreamPort}}

            """);
        return Programs.Start(Programs.Find("haproxy")!, ["-W", "-f", file]);
    }
}
