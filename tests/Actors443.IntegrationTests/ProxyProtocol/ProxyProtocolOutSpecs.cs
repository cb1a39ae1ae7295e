using System.Net;
using System.Text;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.IntegrationTests.Engine;
using Actors443.IntegrationTests.Routing;
using Actors443.IntegrationTests.Tunnels;
using Actors443.ProxyProtocol;
using Actors443.Testing;

namespace Actors443.IntegrationTests.ProxyProtocol;

public sealed class PortableProxyProtocolOutSpecs() : ProxyProtocolOutSpecs(EngineKind.Portable);

public sealed class EventLoopProxyProtocolOutSpecs() : ProxyProtocolOutSpecs(EngineKind.EventLoop);

/// <summary>Upstreams that are told whose connection they get: nginx, HAProxy, and both of them in front as well.</summary>
public abstract class ProxyProtocolOutSpecs(EngineKind kind)
{
    [Theory]
    [InlineData(ProxyProtocolOut.V1)]
    [InlineData(ProxyProtocolOut.V2)]
    public async Task The_header_comes_first_and_then_the_clients_bytes(ProxyProtocolOut version)
    {
        byte[] hello = new RawClientHello { ServerName = "git.test" }.ToRecord();
        var said = new TaskCompletionSource<byte[]>();
        await using TargetServer upstream = TargetServer.Start(async stream => said.SetResult(await RoutingHost.ReadToEndAsync(stream)));
        EngineHost host = await StartAsync(upstream.Port, version);
        using System.Net.Sockets.TcpClient client = await RoutingHost.ConnectAsync(host);
        var own = (IPEndPoint)client.Client.LocalEndPoint!;
        await client.GetStream().WriteAsync(hello);
        client.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);

        byte[] all = await said.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeaderReader.TryRead(all, out ProxyHeader? header, out int length, out _));
        Assert.Equal(hello, all[length..]);
        Assert.Equal((version == ProxyProtocolOut.V1 ? 1 : 2, own, host.Port), (header!.Version, header.Source, header.Destination!.Port));
        Assert.Equal((version == ProxyProtocolOut.V1 ? null : "git.test", null), (header.Authority, header.Tls));
        client.Dispose();
        await host.EndAsync();
    }

    [SkippableTheory]
    [InlineData(ProxyProtocolOut.V1)]
    [InlineData(ProxyProtocolOut.V2)]
    public async Task To_nginx(ProxyProtocolOut version)
    {
        Skip.If(NginxServer.Missing is not null, NginxServer.Missing);
        using var authority = new TestCertificates("Upstream CA");
        await using NginxServer nginx = await NginxServer.AnswerAsync(authority.Issue(new TestCertificateOrder { Names = ["git.test"] }), "proxy_protocol", "$proxy_protocol_addr $proxy_protocol_port $ssl_server_name");
        EngineHost host = await StartAsync(nginx.Port, version);

        await using (TlsClient client = await TlsClient.ConnectAsync(host.Port, "git.test"))
            Assert.Equal($"127.0.0.1 {client.Local.Port} git.test", (await client.GetAsync("/", "git.test")).Body);
        await host.EndAsync();
    }

    [SkippableTheory]
    [InlineData(ProxyProtocolOut.V1)]
    [InlineData(ProxyProtocolOut.V2)]
    public async Task To_HAProxy_which_reads_the_name_and_the_id(ProxyProtocolOut version)
    {
        Skip.If(HaproxyInFront.Missing is not null, HaproxyInFront.Missing);
        await using HaproxyInFront haproxy = await HaproxyInFront.AnswerAsync("accept-proxy", "%[src] %[src_port] %[fc_pp_authority] %[fc_pp_unique_id]");
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByFirstBytes(haproxy.Port, "GET ") with { ProxyProtocol = version }]);
        using System.Net.Sockets.TcpClient client = await RoutingHost.ConnectAsync(host);
        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"u8.ToArray());

        string answer = Encoding.ASCII.GetString(await RoutingHost.ReadToEndAsync(client.GetStream()));
        Assert.Contains($"\r\n\r\n127.0.0.1 {((IPEndPoint)client.Client.LocalEndPoint!).Port} ", answer, StringComparison.Ordinal);
        if (version == ProxyProtocolOut.V2)
            Assert.Matches("[0-9] -? ?c[0-9a-z]+$", answer.TrimEnd());
        client.Dispose();
        await host.EndAsync();
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task From_nginx_or_HAProxy_in_front_through_us_to_nginx(bool byHaproxy)
    {
        Skip.If(NginxServer.Missing is not null, NginxServer.Missing);
        Skip.If(HaproxyInFront.Missing is not null, HaproxyInFront.Missing);
        using var authority = new TestCertificates("Upstream CA");
        await using NginxServer nginx = await NginxServer.AnswerAsync(authority.Issue(new TestCertificateOrder { Names = ["git.test"] }), "proxy_protocol", "$proxy_protocol_addr $proxy_protocol_port");
        EngineHost host = await StartAsync(
            nginx.Port, ProxyProtocolOut.V2, settings => settings with { Https = settings.Https with { ProxyProtocol = new ProxyProtocolSettings { Trust = [IPNetwork.Parse("127.0.0.0/8")] } } });
        await using (IAsyncDisposable front = byHaproxy ? await HaproxyInFront.StartAsync(host.Port, "send-proxy-v2") : await NginxServer.InFrontOfAsync(host.Port))
        {
            int port = front is HaproxyInFront haproxy ? haproxy.Port : ((NginxServer)front).Port;

            await using (TlsClient client = await TlsClient.ConnectAsync(port, "git.test"))
            {
                Assert.Equal($"127.0.0.1 {client.Local.Port}", (await client.GetAsync("/", "git.test")).Body);
                ConnectionSnapshot shown = Assert.Single(await host.ConnectionsAsync(), connection => connection.Route is not null);
                Assert.Equal((client.Local, true), (shown.Remote, shown.Proxy is not null));
            }

            await using (TlsClient own = await TlsClient.ConnectAsync(port, "our.own.test"))
                Assert.Equal(200, (await own.GetAsync()).Status);
        }

        await host.EndAsync();
    }

    private Task<EngineHost> StartAsync(int upstream, ProxyProtocolOut version, Func<Actors443Settings, Actors443Settings>? configure = null) =>
        RoutingHost.StartAsync(kind, [RoutingHost.ByName(upstream, "git.test") with { ProxyProtocol = version }], configure);
}
