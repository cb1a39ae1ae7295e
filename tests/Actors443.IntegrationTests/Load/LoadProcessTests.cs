using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json;
using Actors443.Server.Load.Settings;
using Actors443.Testing;
using LoadSettings = Actors443.Server.Load.Settings.LoadSettings;

namespace Actors443.IntegrationTests.Load;

/// <summary>The command as people start it: processes of their own, the server's and the load's.</summary>
[Collection(LoadCollection.Name)]
public sealed class LoadProcessTests : IDisposable
{
    private const int Interrupt = 2;

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority = new();

    public void Dispose()
    {
        _folder.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public async Task A_run_reports_the_clients_and_the_servers_side()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        string json = Path.Combine(_folder.Path, "report.json");
        string page = Path.Combine(_folder.Path, "report.html");
        string url = string.Create(CultureInfo.InvariantCulture, $"https://localhost:{server.HttpsPort}/");
        string admin = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{server.AdminPort}");

        await using ServerProcess load = ServerProcess.Launch(
            new TemporaryFolder(),
            [],
            ["load", url, "-c", "4", "-r", "100/s", "-d", "3s", "--hold", "sessions=200,ramp=1s", "--server-admin", admin, "--server-token", Path.Combine(server.StateDirectory, "admin-token"), "--json", json, "--html", page, "--fail-if", "errors>0"]);
        int exit = await load.ExitAsync();

        Assert.True(exit == 0, load.Errors + load.Output);
        using JsonDocument report = JsonDocument.Parse(await File.ReadAllTextAsync(json));
        JsonElement steady = report.RootElement.GetProperty("groups")[0].GetProperty("totals");
        JsonElement hold = report.RootElement.GetProperty("groups")[1].GetProperty("totals");
        Assert.InRange(steady.GetProperty("succeeded").GetInt64(), 200, 310);
        Assert.Equal(200, hold.GetProperty("peak_open").GetInt32());
        JsonElement measured = report.RootElement.GetProperty("server");
        Assert.InRange(measured.GetProperty("memory_per_session_bytes").GetDouble(), 1, 1 << 20);
        Assert.True(measured.GetProperty("cpu_us_per_request").GetDouble() > 0);
        Assert.Contains("</html>", await File.ReadAllTextAsync(page), StringComparison.Ordinal);
        Assert.Contains("steady: 4 clients, h1, at 100/s", load.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupt_ends_the_run_with_the_report_so_far()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(_authority);
        await using ServerProcess load = ServerProcess.Launch(new TemporaryFolder(), [], ["load", target.Address.ToString(), "-c", "2", "-r", "50/s", "-d", "1h"]);
        await Eventually.HoldsAsync(() => load.Output.Contains("2.0 s  steady", StringComparison.Ordinal), "two seconds are reported", TimeSpan.FromSeconds(30));

        load.Signal(Interrupt);

        Assert.Equal(0, await load.ExitAsync());
        Assert.Contains("ANSWERS", load.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_is_not_there_is_told_in_the_errors()
    {
        await using ServerProcess load = ServerProcess.Launch(new TemporaryFolder(), [], ["load", "https://127.0.0.1:1/", "-c", "2", "-d", "2s"]);

        Assert.Equal(0, await load.ExitAsync());
        Assert.Matches("refused +steady +[0-9,]+ +nobody listens there", load.Output);
    }

    [Fact]
    public async Task Bytes_come_back_through_a_tunnel()
    {
        using var proxy = new EchoProxy(_authority.Issue("localhost"));

        LoadOutcome outcome = await LoadTarget.LoadAsync(new LoadSettings
        {
            Target = proxy.Address,
            Duration = TimeSpan.FromSeconds(1.5),
            Groups = [new TunnelGroup { Name = "tunnel", Clients = 3, To = "echo.example:7", Authorization = "Basic abc", Size = 50_000 }],
        });

        Assert.Empty(outcome.Errors);
        Assert.True(outcome.Succeeded > 10);
        Assert.True(outcome.BytesReceived >= outcome.Succeeded * 50_000);
        Assert.All(proxy.Heads, head => Assert.StartsWith("CONNECT echo.example:7 HTTP/1.1\r\nHost: echo.example:7\r\nProxy-Authorization: Basic abc\r\n\r\n", head, StringComparison.Ordinal));
    }

    /// <summary>A proxy whose every tunnel leads to an echo.</summary>
    private sealed class EchoProxy : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly SslStreamCertificateContext _certificate;

        public EchoProxy(TestCertificate certificate)
        {
            _certificate = SslStreamCertificateContext.Create(certificate.WithKey, [], offline: true);
            _listener.Start();
            _ = AcceptAsync();
        }

        public Uri Address => new(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}/"));

        public System.Collections.Concurrent.ConcurrentBag<string> Heads { get; } = [];

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                    _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            try
            {
                using (client)
                await using (var tls = new SslStream(client.GetStream()))
                {
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = _certificate });
                    byte[] buffer = new byte[16 * 1024];
                    int head = await tls.ReadAsync(buffer);
                    Heads.Add(System.Text.Encoding.ASCII.GetString(buffer, 0, head));
                    await tls.WriteAsync("HTTP/1.1 200 Connection Established\r\n\r\n"u8.ToArray());
                    for (int count; (count = await tls.ReadAsync(buffer)) > 0;)
                        await tls.WriteAsync(buffer.AsMemory(0, count));
                }
            }
            catch (IOException)
            {
                // The client has gone.
            }
        }
    }
}
