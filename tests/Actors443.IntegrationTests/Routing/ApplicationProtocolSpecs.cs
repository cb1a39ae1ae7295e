using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.IntegrationTests.Engine;
using Actors443.IntegrationTests.Tunnels;
using Actors443.ProxyProtocol;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Routing;

public sealed class PortableApplicationProtocolSpecs() : ApplicationProtocolSpecs(EngineKind.Portable);

public sealed class EventLoopApplicationProtocolSpecs() : ApplicationProtocolSpecs(EngineKind.EventLoop);

/// <summary>What TLS has agreed upon (ALPN) decides who serves it.</summary>
public abstract class ApplicationProtocolSpecs(EngineKind kind)
{
    private static readonly SslApplicationProtocol Mqtt = new("mqtt");

    [Fact]
    public async Task A_protocol_with_a_route_goes_to_its_upstream_and_HTTP_is_served_beside()
    {
        await using TargetServer upstream = TargetServer.Echo();
        EngineHost host = await RoutingHost.StartAsync(kind, [ByProtocol(upstream.Port)]);

        await using (TlsClient client = await ConnectAsync(host, Mqtt))
        {
            Assert.Equal(Mqtt, client.Stream.NegotiatedApplicationProtocol);
            foreach (string said in (string[])["one", "and two"])
            {
                await client.SendAsync(said);
                Assert.Equal(said, System.Text.Encoding.ASCII.GetString(await RoutingHost.ReadAsync(client.Stream, said.Length)));
            }

            ConnectionSnapshot shown = Assert.Single(await host.ConnectionsAsync());
            Assert.Equal((ConnectionState.Routed, "mqtt", upstream.Authority, "mqtt"), (shown.State, shown.Route, shown.Upstream, shown.ApplicationProtocol));
        }

        // Ours come first where a client has both.
        await using (TlsClient both = await ConnectAsync(host, Mqtt, SslApplicationProtocol.Http11))
            Assert.Equal((SslApplicationProtocol.Http11, 200), (both.Stream.NegotiatedApplicationProtocol, (await both.GetAsync()).Status));
        await using (TlsClient none = await ConnectAsync(host))
            Assert.Equal(200, (await none.GetAsync()).Status);
        await Assert.ThrowsAnyAsync<AuthenticationException>(() => ConnectAsync(host, new SslApplicationProtocol("imap")));
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.NoApplicationProtocol);
        await host.EndAsync();
    }

    [Fact]
    public async Task What_is_said_with_the_end_of_the_handshake_and_much_more_arrives_both_ways()
    {
        const int length = 20_000_000;
        await using TargetServer upstream = TargetServer.Start(async stream =>
        {
            byte[] hash = await SHA256.HashDataAsync(stream);
            await NoiseStream.WriteAsync(stream, length, CancellationToken.None);
            await stream.WriteAsync(hash);
        });
        EngineHost host = await RoutingHost.StartAsync(kind, [ByProtocol(upstream.Port)]);
        await using TlsClient client = await ConnectAsync(host, Mqtt);
        await NoiseStream.WriteAsync(client.Stream, length, CancellationToken.None);
        // close_notify: it still listens.
        await client.Stream.ShutdownAsync();

        byte[] all = await RoutingHost.ReadToEndAsync(client.Stream);
        using var noise = new NoiseStream(length);
        byte[] expected = await SHA256.HashDataAsync(noise);
        Assert.Equal(length + 32, all.Length);
        Assert.Equal(expected, SHA256.HashData(all.AsSpan(0, length)));
        Assert.Equal(expected, all[length..]);
        await client.DisposeAsync();
        await host.EndAsync();
    }

    [Fact]
    public async Task An_upstream_that_has_said_all_still_hears_the_client()
    {
        var heard = new TaskCompletionSource<byte[]>();
        await using TargetServer upstream = TargetServer.Start(async stream =>
        {
            await stream.WriteAsync("all I say"u8.ToArray());
            stream.Socket.Shutdown(SocketShutdown.Send);
            heard.SetResult(await RoutingHost.ReadToEndAsync(stream));
        });
        EngineHost host = await RoutingHost.StartAsync(kind, [ByProtocol(upstream.Port)]);
        await using TlsClient client = await ConnectAsync(host, Mqtt);

        Assert.Equal("all I say"u8.ToArray(), await RoutingHost.ReadToEndAsync(client.Stream));
        await client.SendAsync("late words");
        await client.Stream.ShutdownAsync();
        Assert.Equal("late words"u8.ToArray(), await heard.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        await client.DisposeAsync();
        await host.EndAsync();
    }

    [Fact]
    public async Task Resets_go_through()
    {
        await using TargetServer resets = TargetServer.Start(async stream =>
        {
            await RoutingHost.ReadAsync(stream, 1);
            stream.Socket.Close(0);
        });
        EngineHost host = await RoutingHost.StartAsync(kind, [ByProtocol(resets.Port)]);
        await using (TlsClient client = await ConnectAsync(host, Mqtt))
        {
            await client.SendAsync("x");
            Assert.True(await RoutingHost.IsResetAsync(client.Stream));
        }

        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.UpstreamReset);
        await host.EndAsync();
    }

    [Theory]
    [InlineData(SslProtocols.Tls13)]
    [InlineData(SslProtocols.Tls12)]
    public async Task The_upstream_is_told_of_the_TLS_that_ended_here(SslProtocols version)
    {
        using var authority = new TestCertificates("Clients");
        using var folder = new TemporaryFolder();
        var said = new TaskCompletionSource<byte[]>();
        await using TargetServer upstream = TargetServer.Start(async stream => said.SetResult(await RoutingHost.ReadToEndAsync(stream)));
        EngineHost host = await RoutingHost.StartAsync(
            kind,
            [ByProtocol(upstream.Port) with { ProxyProtocol = ProxyProtocolOut.V2 }],
            settings => settings with { Https = settings.Https with { ClientCertificates = new ClientCertificateSettings(ClientCertificateMode.Required, folder.Write("ca.pem", authority.Certificate.ExportCertificatePem())) } });
        TestCertificate own = authority.IssueClient("alice");
        await using (TlsClient client = await TlsClient.ConnectAsync(host.Port, "mq.test", version, options => (options.ApplicationProtocols, options.ClientCertificates) = ([Mqtt], [own.WithKey])))
        {
            await client.SendAsync("CONNECT");
            await client.Stream.ShutdownAsync();
            await RoutingHost.ReadToEndAsync(client.Stream);
        }

        byte[] all = await said.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeaderReader.TryRead(all, out ProxyHeader? header, out int length, out _));
        Assert.Equal("CONNECT"u8.ToArray(), all[length..]);
        Assert.Equal(("mqtt", "mq.test"), (header!.ApplicationProtocol, header.Authority));
        Assert.Equal(("alice", true, true), (header.Tls!.ClientCommonName, header.Tls.HasClientCertificate, header.Tls.IsClientCertificateVerified));
        Assert.Equal(version == SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2", header.Tls.Version);
        Assert.Matches(version == SslProtocols.Tls13 ? "^TLS_(AES|CHACHA20)_" : "^ECDHE-(ECDSA|RSA)-AES(128|256)-GCM-SHA(256|384)$", header.Tls.Cipher);
        await host.EndAsync();
    }

    [Fact]
    public async Task An_upstream_may_speak_TLS_and_must_be_who_it_is_to_be()
    {
        using var authority = new TestCertificates("Upstream CA");
        TestCertificate certificate = authority.Issue(new TestCertificateOrder { Names = ["localhost"] });
        using var folder = new TemporaryFolder();
        await using TargetServer upstream = TargetServer.Start(async stream =>
        {
            await using var tls = new SslStream(stream);
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate.WithKey, ApplicationProtocols = [Mqtt] });
            await tls.WriteAsync(System.Text.Encoding.ASCII.GetBytes(tls.NegotiatedApplicationProtocol.ToString()));
            await tls.CopyToAsync(tls);
            await tls.ShutdownAsync();
        });
        ConnectionRouteSettings route = ByProtocol(0) with { To = [new UpstreamAddress("localhost", upstream.Port, Tls: true)], TrustedRoots = folder.Write("ca.pem", authority.Certificate.ExportCertificatePem()) };
        EngineHost host = await RoutingHost.StartAsync(kind, [route]);
        await using (TlsClient client = await ConnectAsync(host, Mqtt))
        {
            Assert.Equal("mqtt"u8.ToArray(), await RoutingHost.ReadAsync(client.Stream, 4));
            byte[] much = RandomNumberGenerator.GetBytes(3_000_000);
            Task writing = client.Stream.WriteAsync(much).AsTask();
            Assert.Equal(much, await RoutingHost.ReadAsync(client.Stream, much.Length));
            await writing;
            await client.Stream.ShutdownAsync();
            Assert.Empty(await RoutingHost.ReadToEndAsync(client.Stream));
        }

        await host.EndAsync();
        EngineHost strange = await RoutingHost.StartAsync(kind, [route with { TrustedRoots = null }]);
        await using (TlsClient client = await ConnectAsync(strange, Mqtt))
            Assert.True(await client.EndsAsync());
        await strange.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.UpstreamUnreachable && obituary.Detail!.Contains($"tls://localhost:{upstream.Port}: no TLS with it", StringComparison.Ordinal));
        await strange.EndAsync();
    }

    private static ConnectionRouteSettings ByProtocol(int upstream) => new() { Name = "mqtt", ApplicationProtocols = ["mqtt"], To = [RoutingHost.At(upstream)] };

    private static Task<TlsClient> ConnectAsync(EngineHost host, params SslApplicationProtocol[] protocols) =>
        TlsClient.ConnectAsync(host.Port, configure: options => options.ApplicationProtocols = protocols.Length == 0 ? null : [.. protocols]);
}
