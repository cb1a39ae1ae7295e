using Actors443.IntegrationTests.Tunnels;
using Actors443.Testing;

namespace Actors443.IntegrationTests.ProxyProtocol;

/// <summary>nginx as it is told, in one process.</summary>
internal sealed class NginxServer : IAsyncDisposable
{
    private const string StreamModule = "/usr/lib/nginx/modules/ngx_stream_module.so";

    private readonly TemporaryFolder _folder;
    private readonly TestProgram _nginx;

    private NginxServer(TemporaryFolder folder, TestProgram nginx, int port)
    {
        _folder = folder;
        _nginx = nginx;
        Port = port;
    }

    /// <summary>Why it cannot be started here; null: it can.</summary>
    public static string? Missing { get; } = TestProgram.Find("nginx") is null || !File.Exists(StreamModule) ? "nginx or its stream module is not installed (Debian: nginx, libnginx-mod-stream)" : null;

    public int Port { get; }

    /// <summary>An HTTPS server that answers with text in nginx's variables.</summary>
    /// <param name="certificate">Shown.</param>
    /// <param name="listen">More for its listen line, such as <c>proxy_protocol</c>.</param>
    /// <param name="answer">The text.</param>
    public static Task<NginxServer> AnswerAsync(TestCertificate certificate, string listen, string answer) => StartAsync((folder, port) =>
    {
        certificate.WritePair(folder, "site");
        return $$"""
            http {
              access_log off;
              client_body_temp_path {{folder.Path}}/body; proxy_temp_path {{folder.Path}}/proxy; fastcgi_temp_path {{folder.Path}}/fastcgi; uwsgi_temp_path {{folder.Path}}/uwsgi; scgi_temp_path {{folder.Path}}/scgi;
              server {
                listen 127.0.0.1:{{port}} ssl http2 {{listen}};
                ssl_certificate {{folder.Path}}/site.pem;
                ssl_certificate_key {{folder.Path}}/site.key;
                default_type text/plain;
                location / { return 200 "{{answer}}"; }
              }
            }
            """;
    });

    /// <summary>A proxy for TCP to a port of 127.0.0.1, which says by the PROXY protocol whose connection it brings.</summary>
    public static Task<NginxServer> InFrontOfAsync(int server) => StartAsync((_, port) => $$"""
        stream { server { listen 127.0.0.1:{{port}}; proxy_pass 127.0.0.1:{{server}}; proxy_protocol on; } }
        """);

    public async ValueTask DisposeAsync()
    {
        await _nginx.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<NginxServer> StartAsync(Func<TemporaryFolder, int, string> configuration)
    {
        var folder = new TemporaryFolder();
        int port = FreePort.Next();
        string file = folder.Write("nginx.conf", $$"""
            load_module {{StreamModule}};
            daemon off; master_process off; pid {{folder.Path}}/pid; error_log stderr;
            events {}
            {{configuration(folder, port)}}
            """);
        TestProgram nginx = TestProgram.Start("nginx", ["-p", folder.Path, "-e", "stderr", "-c", file]);
        await Eventually.HoldsAsync(async () => nginx.HasExited || await SshServer.ListensAsync(port), "nginx listens", TimeSpan.FromSeconds(30));
        Assert.False(nginx.HasExited, nginx.Output);
        return new NginxServer(folder, nginx, port);
    }
}
