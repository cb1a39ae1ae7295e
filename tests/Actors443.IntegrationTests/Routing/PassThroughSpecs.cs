using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.IntegrationTests.Engine;
using Actors443.IntegrationTests.Tunnels;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Routing;

public sealed class PortablePassThroughSpecs() : PassThroughSpecs(EngineKind.Portable);

public sealed class EventLoopPassThroughSpecs() : PassThroughSpecs(EngineKind.EventLoop);

/// <summary>Which connections are led elsewhere, and that none of their bytes is touched.</summary>
public abstract class PassThroughSpecs(EngineKind kind)
{
    public static TheoryData<string> Hellos => ["plain", "grease", "ech", "post-quantum", "16 KiB"];

    [Theory]
    [MemberData(nameof(Hellos))]
    public async Task A_ClientHello_arrives_byte_for_byte_however_it_comes(string shape)
    {
        byte[] hello = Hello(shape);
        await using TargetServer upstream = TargetServer.Echo();
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByName(upstream.Port, "git.test")]);
        foreach (int[] cuts in (int[][])[[], [1], [5, 9], [hello.Length - 1], [.. Enumerable.Range(1, Math.Min(hello.Length, 600) - 1)]])
        {
            using TcpClient client = await RoutingHost.ConnectAsync(host);
            int from = 0;
            foreach (int to in cuts.Append(hello.Length))
            {
                await client.GetStream().WriteAsync(hello.AsMemory(from..to));
                from = to;
            }

            Assert.Equal(hello, await RoutingHost.ReadAsync(client.GetStream(), hello.Length));
            await client.GetStream().WriteAsync("and what follows"u8.ToArray());
            Assert.Equal("and what follows"u8.ToArray(), await RoutingHost.ReadAsync(client.GetStream(), 16));
        }

        await host.EndAsync();
    }

    [Fact]
    public async Task A_slow_ClientHello_is_waited_for_no_longer_than_any_other()
    {
        await using TargetServer upstream = TargetServer.Echo();
        EngineHost host = await RoutingHost.StartAsync(
            kind, [RoutingHost.ByName(upstream.Port, "git.test")], settings => settings with { Deadlines = settings.Deadlines with { Handshake = TimeSpan.FromMilliseconds(300) } });
        using TcpClient client = await RoutingHost.ConnectAsync(host);
        await client.GetStream().WriteAsync(Hello("plain").AsMemory(..50));

        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.HandshakeTimeout);
        Assert.Equal(0, upstream.Accepted);
        await host.EndAsync();
    }

    [Fact]
    public async Task Other_names_are_served_here_and_the_upstream_shows_its_own_certificate()
    {
        using var authority = new TestCertificates("Upstream CA");
        TestCertificate certificate = authority.Issue(new TestCertificateOrder { Names = ["git.test"] });
        await using TargetServer upstream = TargetServer.Start(async stream =>
        {
            await using var tls = new SslStream(stream);
            await tls.AuthenticateAsServerAsync(certificate.WithKey);
            await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nupstream"u8.ToArray());
            await tls.ReadExactlyAsync(new byte[1]);
        });
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByName(upstream.Port, "git.test", "*.wild.test")], settings => settings with { OwnNames = ["own.wild.test"] });

        foreach ((string name, string body, string issuer) in ((string, string, string)[])
            [
                ("git.test", "upstream", "CN=Upstream CA"), ("GIT.test", "upstream", "CN=Upstream CA"), ("a.wild.test", "upstream", "CN=Upstream CA"),
                ("own.wild.test", "Hello", ""), ("deep.a.wild.test", "Hello", ""), ("other.test", "Hello", ""), ("", "Hello", ""),
            ])
        {
            await using TlsClient client = await TlsClient.ConnectAsync(host.Port, name);
            HttpAnswer answer = await client.GetAsync();
            Assert.Equal((name, body), (name, answer.Body.Length > 0 ? answer.Body : "Hello"));
            Assert.Equal((name, issuer.Length > 0), (name, client.ServerCertificate.Issuer == "CN=Upstream CA"));
        }

        await host.EndAsync();
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("SSH-")]
    public async Task First_bytes_lead_elsewhere_in_one_piece_or_one_by_one(string said)
    {
        await using TargetServer upstream = TargetServer.Echo();
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByFirstBytes(upstream.Port, "SSH-"), RoutingHost.ByFirstBytes(upstream.Port, "SIP ")]);
        foreach (bool oneByOne in (bool[])[false, true])
        {
            using TcpClient client = await RoutingHost.ConnectAsync(host);
            byte[] bytes = System.Text.Encoding.ASCII.GetBytes(said);
            foreach (byte[] part in oneByOne ? bytes.Chunk(1) : [bytes])
                await client.GetStream().WriteAsync(part);
            Assert.Equal(bytes, await RoutingHost.ReadAsync(client.GetStream(), bytes.Length));
        }

        await using (TlsClient https = await TlsClient.ConnectAsync(host.Port))
            Assert.Equal(200, (await https.GetAsync()).Status);
        using (TcpClient http = await RoutingHost.ConnectAsync(host))
        {
            await http.GetStream().WriteAsync("SEARCH / HTTP/1.1\r\n\r\n"u8.ToArray());
            Assert.Empty(await RoutingHost.ReadToEndAsync(http.GetStream()));
        }

        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.NotTls);
        await host.EndAsync();
    }

    [Fact]
    public async Task Who_says_something_and_ends_its_side_at_once_is_led_as_well()
    {
        await using TargetServer upstream = TargetServer.Echo();
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByFirstBytes(upstream.Port, "SSH-")]);
        using TcpClient client = await RoutingHost.ConnectAsync(host);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync("SSH-2.0-x\r\n"u8.ToArray());
        client.Client.Shutdown(SocketShutdown.Send);

        Assert.Equal("SSH-2.0-x\r\n"u8.ToArray(), await RoutingHost.ReadToEndAsync(stream));
        await host.EndAsync();
    }

    [Fact]
    public async Task A_silent_client_hears_the_upstream_speak_and_one_that_speaks_is_served_here()
    {
        await using TargetServer upstream = TargetServer.Start(async stream =>
        {
            await stream.WriteAsync("220 mail\r\n"u8.ToArray());
            await stream.CopyToAsync(stream);
        });
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.Silent(upstream.Port, TimeSpan.FromMilliseconds(600))]);
        using TcpClient silent = await RoutingHost.ConnectAsync(host);
        await using TlsClient https = await TlsClient.ConnectAsync(host.Port);

        Assert.Equal(200, (await https.GetAsync()).Status);
        Assert.Equal("220 mail\r\n"u8.ToArray(), await RoutingHost.ReadAsync(silent.GetStream(), 10));
        await silent.GetStream().WriteAsync("EHLO"u8.ToArray());
        Assert.Equal("EHLO"u8.ToArray(), await RoutingHost.ReadAsync(silent.GetStream(), 4));
        Assert.Equal(1, upstream.Accepted);
        await https.DisposeAsync();
        silent.Dispose();
        await host.EndAsync();
    }

    [Fact]
    public async Task What_a_trusted_proxy_brings_is_led_by_what_follows_its_header()
    {
        IPEndPoint source = IPEndPoint.Parse("198.51.100.7:51234");
        await using TargetServer upstream = TargetServer.Start(async stream =>
        {
            await stream.WriteAsync("hello "u8.ToArray());
            await stream.CopyToAsync(stream);
        });
        EngineHost host = await RoutingHost.StartAsync(
            kind,
            [RoutingHost.ByName(upstream.Port, "git.test"), RoutingHost.ByFirstBytes(upstream.Port, "SSH-"), RoutingHost.Silent(upstream.Port, TimeSpan.FromMilliseconds(400))],
            settings => settings with { Https = settings.Https with { ProxyProtocol = new ProxyProtocolSettings { Trust = [IPNetwork.Parse("127.0.0.0/8")] } } });
        foreach (byte[] said in (byte[][])[Hello("plain"), "SSH-2.0-x\r\n"u8.ToArray(), []])
        {
            using TcpClient client = await RoutingHost.ConnectAsync(host);
            await client.GetStream().WriteAsync(ProxyHeaders.Binary(source, IPEndPoint.Parse("203.0.113.1:443")));
            if (said.Length > 0)
                await client.GetStream().WriteAsync(said);
            Assert.Equal("hello "u8.ToArray().Concat(said), await RoutingHost.ReadAsync(client.GetStream(), 6 + said.Length));
            ConnectionSnapshot connection = Assert.Single(await host.ConnectionsAsync(), one => one.State == ConnectionState.Routed);
            Assert.Equal((source, $"127.0.0.1:{upstream.Port}"), (connection.Remote, connection.Upstream));
            client.Close();
            await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Count == 0, "it has ended");
        }

        await host.EndAsync();
    }

    private static byte[] Hello(string shape)
    {
        var hello = new RawClientHello { ServerName = "git.test", SupportedVersions = [0x0304, 0x0303] };
        return shape switch
        {
            // RFC 8701: values that nobody knows, everywhere.
            "grease" => (hello with { CipherSuites = [0x0A0A, 0xC02B], SupportedVersions = [0x1A1A, 0x0304], Extra = [(0x2A2A, []), (0xFAFA, [0])] }).ToRecord(),
            // RFC 9849: the inner name is sealed, the outer one counts.
            "ech" => (hello with { Extra = [(0xFE0D, [0, 0, 1, 0, 1, 7, 0, 32, .. RandomNumberGenerator.GetBytes(32), 0, 200, .. RandomNumberGenerator.GetBytes(200)])] }).ToRecord(),
            "post-quantum" => (hello with { Extra = [(51, [4, 196 + 4, 0x11, 0xEC, 4, 192, .. RandomNumberGenerator.GetBytes(1216)])] }).ToRecords(700),
            "16 KiB" => (hello with { Extra = [(51, RandomNumberGenerator.GetBytes(16 * 1024))] }).ToRecords(),
            _ => hello.ToRecord(),
        };
    }
}
