using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.IntegrationTests.Engine;
using Actors443.ProxyProtocol;
using Actors443.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Actors443.IntegrationTests.ProxyProtocol;

public sealed class PortableProxyProtocolSpecs() : ProxyProtocolSpecs(EngineKind.Portable);

public sealed class EventLoopProxyProtocolSpecs() : ProxyProtocolSpecs(EngineKind.EventLoop);

/// <summary>Connections that a trusted proxy brings.</summary>
public abstract class ProxyProtocolSpecs(EngineKind kind) : IAsyncLifetime
{
    private static readonly IPEndPoint Client = IPEndPoint.Parse("198.51.100.7:51234");
    private static readonly IPEndPoint Server = IPEndPoint.Parse("203.0.113.1:443");

    private EngineHost _host = null!;

    public async Task InitializeAsync() => _host = await StartAsync(settings => settings);

    public Task DisposeAsync() => _host.EndAsync();

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public async Task The_application_sees_the_client_and_not_the_proxy(int version, bool byteByByte)
    {
        byte[] header = version == 1 ? ProxyHeaders.Line(Client, Server) : ProxyHeaders.Binary(Client, Server, tlvs: [(2, "www.a.test"u8.ToArray())], sum: true);
        await using SslStream tls = await ConnectAsync(_host.Port, header, byteByByte);

        string answer = await GetAsync(tls, "/who");

        Assert.EndsWith($"\r\n\r\n198.51.100.7 51234 203.0.113.1 443 {version} {(version == 2 ? "www.a.test" : "")} 127.0.0.1", answer, StringComparison.Ordinal);
        ConnectionSnapshot connection = Assert.Single(await _host.ConnectionsAsync());
        Assert.Equal((Client, IPAddress.Loopback), (connection.Remote, connection.Proxy!.Address));
    }

    [Fact]
    public async Task Header_and_ClientHello_may_come_in_one_piece_or_be_cut_anywhere()
    {
        byte[] header = ProxyHeaders.Binary(Client, Server);
        byte[] hello = new RawClientHello { ServerName = "a.test" }.ToRecord();
        for (int cut = 1; cut < header.Length + 10; cut += 3)
        {
            using var tcp = new TcpClient(AddressFamily.InterNetwork) { NoDelay = true };
            await tcp.ConnectAsync(IPAddress.Loopback, _host.Port);
            byte[] both = [.. header, .. hello];
            await tcp.GetStream().WriteAsync(both.AsMemory(0, cut));
            await tcp.GetStream().WriteAsync(both.AsMemory(cut));
            byte[] answer = new byte[1];
            await tcp.GetStream().ReadExactlyAsync(answer);
            // A handshake record: the server goes on.
            Assert.Equal(22, answer[0]);
        }
    }

    [Fact]
    public async Task The_proxys_own_connection_is_served_under_its_own_address()
    {
        await using SslStream tls = await ConnectAsync(_host.Port, ProxyHeaders.Binary(Client, Server, local: true));

        Assert.Contains("\r\n\r\n127.0.0.1 ", await GetAsync(tls, "/who"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_is_not_trusted_may_not_name_a_client_and_needs_no_header()
    {
        await using EngineHost host = await StartAsync(settings => settings with { Https = settings.Https with { ProxyProtocol = new ProxyProtocolSettings { Trust = [IPNetwork.Parse("192.0.2.0/24")] } } });

        await using (TlsClient plain = await TlsClient.ConnectAsync(host.Port))
            Assert.Equal(200, (await plain.GetAsync()).Status);
        await Assert.ThrowsAnyAsync<IOException>(() => ConnectAsync(host.Port, ProxyHeaders.Line(Client, Server)));
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.NotTls && obituary.Remote.Address.Equals(IPAddress.Loopback));
    }

    [Theory]
    [InlineData("", "does not begin with a PROXY header")]
    [InlineData("PROXY TCP4 nonsense\r\n", "its line is not")]
    public async Task A_trusted_proxy_without_a_good_header_is_cut_off(string header, string said)
    {
        await Assert.ThrowsAnyAsync<IOException>(() => ConnectAsync(_host.Port, Encoding.ASCII.GetBytes(header)));

        await _host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.MalformedProxyHeader && obituary.Detail!.Contains(said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_header_that_never_ends_costs_the_deadline_of_the_handshake()
    {
        await using EngineHost host = await StartAsync(settings => settings with { Deadlines = settings.Deadlines with { Handshake = TimeSpan.FromMilliseconds(300) } });
        using var tcp = new TcpClient(AddressFamily.InterNetwork);
        await tcp.ConnectAsync(IPAddress.Loopback, host.Port);
        await tcp.GetStream().WriteAsync("PROXY TCP4 198."u8.ToArray());

        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.HandshakeTimeout);
    }

    [Fact]
    public async Task Limits_are_those_of_the_client_and_the_proxy_has_none()
    {
        await using EngineHost host = await StartAsync(settings => settings with
        {
            Admission = settings.Admission with { PerClient = settings.Admission.PerClient with { Exempt = [], Connections = 2 } },
        });
        var open = new List<SslStream>();
        foreach (string client in (string[])["198.51.100.1:1", "198.51.100.1:2", "198.51.100.2:1", "198.51.100.3:1", "198.51.100.4:1"])
            open.Add(await ConnectAsync(host.Port, ProxyHeaders.Line(IPEndPoint.Parse(client), Server)));

        await Assert.ThrowsAnyAsync<IOException>(() => ConnectAsync(host.Port, ProxyHeaders.Line(IPEndPoint.Parse("198.51.100.1:3"), Server)));
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.ClientConnectionLimit && obituary.Detail!.Contains("198.51.100.1", StringComparison.Ordinal));

        await open[0].DisposeAsync();
        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Count == 4, "one has left");
        await using (SslStream again = await ConnectAsync(host.Port, ProxyHeaders.Line(IPEndPoint.Parse("198.51.100.1:4"), Server)))
            Assert.Contains("198.51.100.1 4 ", await GetAsync(again, "/who"), StringComparison.Ordinal);
        foreach (SslStream stream in open.Skip(1))
            await stream.DisposeAsync();
        await Eventually.HoldsAsync(() => host.Environment.Gate is { Connections: 0, Handshakes: 0 }, "no connection is counted any more");
    }

    [SkippableTheory]
    [InlineData("send-proxy", 1)]
    [InlineData("send-proxy-v2", 2)]
    [InlineData("send-proxy-v2 proxy-v2-options crc32c,authority,unique-id", 2)]
    [InlineData("check send-proxy-v2", 2)]
    public async Task HAProxy_in_front(string option, int version)
    {
        Skip.If(HaproxyInFront.Missing is not null, HaproxyInFront.Missing);
        await using HaproxyInFront haproxy = await HaproxyInFront.StartAsync(_host.Port, option);
        await using TlsClient client = await TlsClient.ConnectAsync(haproxy.Port, "www.b.test");

        string answer = (await client.GetAsync("/who")).Body;

        IPEndPoint own = client.Local;
        Assert.StartsWith($"127.0.0.1 {own.Port} 127.0.0.1 {haproxy.Port} {version} ", answer, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_example_runs_as_its_comment_says()
    {
        Skip.If(TestProgram.Find("curl") is null, "curl is not installed");
        await using RunningServer server = await RunningServer.StartAsync(
            await File.ReadAllTextAsync(Repository.Example("proxy-protocol.conf")), $"engine={(kind == EngineKind.EventLoop ? "event-loop" : "portable")}");
        string url = $"https://127.0.0.1:{server.HttpsPort}/";

        await using TestProgram told = TestProgram.Start("curl", ["-sk", "--haproxy-protocol", url]);
        await told.EndAsync();
        await using TestProgram silent = TestProgram.Start("curl", ["-sk", url]);
        await silent.EndAsync();

        Assert.Equal(("This is behind a proxy", ""), (told.Output.Trim(), silent.Output.Trim()));
    }

    private static async Task<SslStream> ConnectAsync(int port, byte[] header, bool byteByByte = false)
    {
        var tcp = new TcpClient(AddressFamily.InterNetwork) { NoDelay = true };
        await tcp.ConnectAsync(IPAddress.Loopback, port);
        if (byteByByte)
        {
            foreach (byte one in header)
                await tcp.GetStream().WriteAsync(new[] { one });
        }
        else
            await tcp.GetStream().WriteAsync(header);
        var tls = new SslStream(tcp.GetStream(), false, static (_, certificate, _, _) => certificate is not null);
        try
        {
            await tls.AuthenticateAsClientAsync("a.test");
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            tcp.Dispose();
            throw;
        }
    }

    private static async Task<string> GetAsync(SslStream tls, string path)
    {
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        byte[] buffer = new byte[4096];
        return Encoding.ASCII.GetString(buffer, 0, await tls.ReadAsync(buffer));
    }

    private Task<EngineHost> StartAsync(Func<Actors443Settings, Actors443Settings> configure) => EngineHost.StartAsync(
        kind,
        settings => configure(settings with { Https = settings.Https with { ProxyProtocol = new ProxyProtocolSettings { Trust = [IPNetwork.Parse("127.0.0.0/8")] } } }),
        application => application.MapGet("/who", (HttpContext context) =>
        {
            IProxyProtocolFeature? proxied = context.Features.Get<IProxyProtocolFeature>();
            string who = $"{context.Connection.RemoteIpAddress} {context.Connection.RemotePort} {context.Connection.LocalIpAddress} {context.Connection.LocalPort} {proxied?.Header.Version} {proxied?.Header.Authority} {proxied?.Proxy.Address}";
            context.Response.ContentLength = who.Length;
            return context.Response.WriteAsync(who);
        }));
}
