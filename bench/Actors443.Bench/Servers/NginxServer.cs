using System.Diagnostics;
using Actors443.Engine.EventLoop.Tls;

namespace Actors443.Bench.Servers;

/// <param name="workers">One makes the server what a load waits for, whatever the load costs itself.</param>
/// <param name="sameSuites">It prefers the TLS 1.3 suites that we prefer, where by itself it takes what the client likes best.</param>
internal sealed class NginxServer(BenchSite site, int workers = 2, bool sameSuites = false) : ComparedServer(sameSuites ? "nginx with our suites" : "nginx", site)
{
    private readonly string _suites = sameSuites ? $"ssl_prefer_server_ciphers on; ssl_conf_command Ciphersuites {ServerTlsContext.Tls13Suites};" : "";

    public override string? Missing => Programs.Find("nginx") is null ? "apt install nginx-light" : null;

    public override Task ReloadAsync()
    {
        Programs.HangUp(Process);
        return Task.CompletedTask;
    }

    protected override async Task<string> VersionAsync() => "nginx " + (await Programs.RunAsync(Programs.Find("nginx")!, "-v")).Split('/')[^1].Trim();

    protected override Process Launch(int port)
    {
        string file = Site.Write(Name + ".conf", $$"""
            worker_processes {{workers}}; daemon off; pid "{{Site.Folder}}/{{Name}}.pid"; error_log "{{Site.Folder}}/{{Name}}.log" crit; worker_rlimit_nofile 19000;
            events { worker_connections 16000; }
            http {
              access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 600s; server_tokens off;
              open_file_cache max=100 inactive=60s;
              upstream behind { server 127.0.0.1:{{Site.UpstreamPort}}; keepalive 64; keepalive_requests 100000000; }
              server {
                listen 127.0.0.1:{{port}} ssl http2 backlog=8192; server_name localhost;
                ssl_certificate {{Site.Chain}}; ssl_certificate_key {{Site.Key}};
                ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:20m; ssl_session_timeout 1h; ssl_session_tickets on; {{_suites}}
                location = /hello { default_type text/plain; return 200 "{{BenchSite.Hello}}"; }
                location /files/ { root {{Site.Root}}; }
                location = /proxy { proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; }
              }
            }
            """);
        return Programs.Start(Programs.Find("nginx")!, ["-c", file, "-e", "/dev/null"]);
    }
}
