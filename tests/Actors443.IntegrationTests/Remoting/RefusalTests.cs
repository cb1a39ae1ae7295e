using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Actors443.Certificates;
using Actors443.Connections;
using Actors443.Remoting;
using Actors443.Remoting.Associations;
using Actors443.Remoting.Frames;
using Actors443.Remoting.Identity;
using Actors443.Testing;
using Akka.Configuration;
using Akka.Remote.Transport;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.IntegrationTests.Remoting;

/// <summary>Whoever must not be a node, and what both sides are told. Nothing of it reaches Akka.</summary>
public sealed class RefusalTests : IAsyncLifetime, IDisposable
{
    private readonly NodeCertificates _nodes = new();
    private readonly NodeCertificates _strangers = new("Strangers");
    private RemotingNode _node = null!;

    public async Task InitializeAsync()
    {
        _nodes.Write("node", "127.0.0.1");
        _node = await RemotingNode.StartAsync(_nodes.Of("node"));
    }

    public async Task DisposeAsync() => await _node.DisposeAsync();

    public void Dispose()
    {
        _nodes.Dispose();
        _strangers.Dispose();
    }

    [Fact]
    public async Task An_expired_certificate()
    {
        DateTimeOffset now = _nodes.Authority.Now;
        _nodes.Write("late", _nodes.Authority.Issue(new TestCertificateOrder { Names = ["127.0.0.1"], ForClientsToo = true, NotBefore = now.AddDays(-90), NotAfter = now.AddDays(-1) }));
        await AssertRefusedAsync(_nodes, "late", "certificate_expired", CloseReason.ClientCertificateRejected, "it has expired", now.AddDays(-2));
    }

    [Fact]
    public async Task A_certificate_of_another_CA()
    {
        _strangers.Write("stranger", "127.0.0.1");
        // It would take this node for another's, too, and is told nothing more.
        InvalidAssociationException refusal = await Assert.ThrowsAsync<InvalidAssociationException>(() => DialAsync(_strangers, "stranger"));
        Assert.Contains("is not trusted: none of the CAs that are trusted for nodes has issued its certificate", refusal.Message, StringComparison.Ordinal);

        using X509Certificate2 shown = _strangers.Authority.IssueNode("127.0.0.1").WithKey;
        await using (SslStream tls = await ConnectAsync(shown))
            await AssertToldAsync(tls, "unknown ca", "none of the CAs that are trusted for nodes has issued its certificate");
        await AssertEndedAsync(CloseReason.ClientCertificateRejected, "none of the CAs that are trusted for nodes has issued its certificate");
    }

    [Fact]
    public async Task No_certificate()
    {
        await using (SslStream tls = await ConnectAsync(null))
            await AssertToldAsync(tls, "certificate required", "the client has sent none");
        await AssertEndedAsync(CloseReason.ClientCertificateRejected, "the client has sent none");
    }

    [Fact]
    public async Task A_certificate_for_another_host_than_is_claimed()
    {
        using X509Certificate2 shown = _nodes.Authority.IssueNode("elsewhere.example").WithKey;
        await using SslStream tls = await ConnectAsync(shown);
        await tls.WriteAsync(Hello("embedded@127.0.0.1:2552", _node.Address.ToString()));
        const string why = "its certificate is not for 127.0.0.1 (it is for elsewhere.example)";
        await AssertRefusedAsync(tls, CloseReason.ClientCertificateRejected, why);
    }

    [Fact]
    public async Task A_certificate_that_is_not_for_nodes()
    {
        using X509Certificate2 shown = _nodes.Authority.Issue("127.0.0.1").WithKey;
        await using (SslStream tls = await ConnectAsync(shown))
            await AssertToldAsync(tls, "alert", "its certificate is not for a node");
        await AssertEndedAsync(CloseReason.ClientCertificateRejected, "is not for a node");
    }

    [Fact]
    public async Task Another_system_than_there_is()
    {
        await using SslStream tls = await ConnectAsync(Good());
        await tls.WriteAsync(Hello("embedded@127.0.0.1:2552", $"other@127.0.0.1:{_node.Address.Port}"));
        await AssertRefusedAsync(tls, CloseReason.ProtocolError, $"other@127.0.0.1:{_node.Address.Port} is not reached here");
    }

    [Fact]
    public async Task Another_version()
    {
        await using SslStream tls = await ConnectAsync(Good());
        await tls.WriteAsync(new ControlFrame(ControlKind.Hello, "2", "embedded@127.0.0.1:2552", _node.Address.ToString()).Encode());
        await AssertRefusedAsync(tls, CloseReason.ProtocolError, "it speaks version 2 of akka-remote/1");
    }

    [Fact]
    public async Task Http_of_a_client_that_has_a_certificate()
    {
        await using SslStream tls = await ConnectAsync(Good());
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"u8.ToArray());
        await AssertRefusedAsync(tls, CloseReason.ProtocolError, "a message before the sender has said who it is");
    }

    [Fact]
    public async Task Plain_bytes()
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(_node.Address.Host, _node.Address.Port);
        await tcp.GetStream().WriteAsync(Hello("embedded@127.0.0.1:2552", _node.Address.ToString()));
        Assert.Equal(0, await ReadAsync(tcp.GetStream(), new byte[10]));
        await AssertEndedAsync(CloseReason.NotTls, null);
    }

    [Theory]
    [InlineData(3 * 1024 * 1024, "a frame of 3145728 bytes; maximum-frame-size is 2097152")]
    [InlineData(int.MaxValue, "a frame of 2147483647 bytes; maximum-frame-size is 2097152")]
    [InlineData(0, "an empty frame")]
    public async Task A_frame_that_may_not_be(int length, string why)
    {
        await using SslStream tls = await AssociateAsync();
        byte[] frame = new byte[64];
        BinaryPrimitives.WriteInt32BigEndian(frame, length);
        await tls.WriteAsync(frame);
        await AssertRefusedAsync(tls, CloseReason.ProtocolError, why);
    }

    [Fact]
    public async Task A_message_that_is_none_of_Akkas()
    {
        await using SslStream tls = await AssociateAsync();
        byte[] frame = [.. "\0\0\0\u0008"u8, .. "nonsense"u8];
        await tls.WriteAsync(frame);
        await AssertRefusedAsync(tls, CloseReason.ProtocolError, "the first message is none of Akka's");
    }

    [Fact]
    public async Task Another_address_to_Akka_than_was_proved()
    {
        await using SslStream tls = await AssociateAsync();
        await tls.WriteAsync(AkkaHandshake.Frame("actors443", "embedded", "10.1.2.3", 2552));
        await AssertRefusedAsync(tls, CloseReason.ProtocolError, "it says to Akka that it is embedded@10.1.2.3:2552, and has proved to be embedded@127.0.0.1:2552");
    }

    [Fact]
    public async Task Nothing_at_all_in_time()
    {
        await using RemotingNode impatient = await RemotingNode.StartAsync(_nodes.Of("node"), akka: akka => Akka.Hosting.AkkaHostingExtensions.AddHocon(akka, "akka.remote.actors443.connect-timeout = 500ms", Akka.Hosting.HoconAddMode.Prepend));
        await using SslStream tls = await ConnectAsync(Good(), impatient);
        Assert.Contains("it has not said who it is within 0.5 s", await RefusalAsync(tls), StringComparison.Ordinal);
        await AssertEndedAsync(CloseReason.HandshakeTimeout, "it has not said who it is", impatient);
    }

    [Fact]
    public async Task A_server_that_is_no_node()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        Task<TcpClient> accepted = listener.AcceptTcpClientAsync();
        Task<DialedAssociation> dialed = DialAsync(_nodes, "node", new PeerAddress("embedded", "127.0.0.1", ((System.Net.IPEndPoint)listener.LocalEndpoint).Port));
        using TcpClient client = await accepted;
        await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        InvalidAssociationException refusal = await Assert.ThrowsAnyAsync<InvalidAssociationException>(() => dialed);
        Assert.Contains("no TLS with it", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("port = 443", "akka.remote.actors443.public-hostname is missing")]
    [InlineData("public-hostname = \"0.0.0.0\"", "akka.remote.actors443.public-hostname is 0.0.0.0, which is every address")]
    [InlineData("public-hostname = \"a b\"", "which is neither a name nor an address")]
    [InlineData("public-hostname = a, port = 0", "akka.remote.actors443.port is 0; write the port of https.bind")]
    [InlineData("public-hostname = a, port = many", "akka.remote.actors443.port is 'many', which is no number")]
    [InlineData("public-hostname = a, maximum-frame-size = 1KiB", "akka.remote.actors443.maximum-frame-size is 1024; write a size from 32KiB")]
    [InlineData("public-hostname = a, write-queue = 1", "akka.remote.actors443.write-queue is 1")]
    [InlineData("public-hostname = a, bind-hostname = here", "akka.remote.actors443.bind-hostname is 'here'")]
    [InlineData("public-hostname = a, certificate.key = k.pem", "akka.remote.actors443.certificate.chain is missing")]
    [InlineData("public-hostname = a, peers.pins = [abc]", "akka.remote.actors443.peers.pins has 'abc' is no SHA-256 hash")]
    [InlineData("public-hostname = a, connect-timeout = 1ms", "akka.remote.actors443.connect-timeout is shorter than 100ms")]
    [InlineData("public-hostname = a, rehandshake-within = 10ms", "akka.remote.actors443.rehandshake-within is shorter than 1s; write a duration such as 10m, or off")]
    [InlineData("dot-netty = maybe", "akka.remote.actors443.dot-netty is 'maybe'; write off, beside or address")]
    [InlineData("dot-netty = beside", "akka.remote.dot-netty.tcp.public-hostname does not say it")]
    [InlineData("dot-netty = address, there { hostname = \"0.0.0.0\", port = 2552 }", "akka.remote.dot-netty.tcp.public-hostname does not say it")]
    [InlineData("dot-netty = address, there { hostname = a }", "akka.remote.dot-netty.tcp.port is 0, which is another one each time")]
    [InlineData("public-hostname = b, dot-netty = address, there { hostname = a, port = 2552 }", "akka.remote.actors443.public-hostname is b, and with dot-netty = address the others know this node as a")]
    public void Settings_that_are_wrong(string hocon, string problem)
    {
        Config config = ConfigurationFactory.ParseString(hocon);
        ConfigurationException refusal = Assert.Throws<ConfigurationException>(() => RemotingSettings.Read(config, "system", config.GetConfig("there")));
        Assert.Contains(problem, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "this node has no certificate; write secret")]
    [InlineData("certificate.chain = \"FOLDER/node.pem\", certificate.key = \"FOLDER/node.key\"", "ca is empty")]
    [InlineData("certificate.chain = \"FOLDER/none.pem\", ca = [\"FOLDER/ca.pem\"]", "there is no such file")]
    [InlineData("certificate.chain = \"FOLDER/node.pem\", certificate.key = \"FOLDER/node.key\", ca = [\"FOLDER/node.key\"]", "holds no certificate")]
    [InlineData("secret = short", "akka.remote.actors443.secret")]
    public void Identities_that_are_none(string hocon, string problem)
    {
        string folder = Path.GetDirectoryName(_nodes.AuthorityFile)!;
        RemotingSettings settings = RemotingSettings.Read(ConfigurationFactory.ParseString($"public-hostname = \"127.0.0.1\"\n{hocon.Replace("FOLDER", folder, StringComparison.Ordinal)}"), "system");
        CertificateException refusal = Assert.Throws<CertificateException>(() => new IdentitySource(settings, NullLogger.Instance, TimeProvider.System));
        Assert.Contains(problem, refusal.Message, StringComparison.Ordinal);
    }

    private static byte[] Hello(string from, string to) => new ControlFrame(ControlKind.Hello, RemotingProtocol.Version, from, to).Encode();

    private X509Certificate2 Good() => _nodes.Authority.IssueNode("127.0.0.1").WithKey;

    private async Task<SslStream> AssociateAsync()
    {
        SslStream tls = await ConnectAsync(Good());
        await tls.WriteAsync(Hello("embedded@127.0.0.1:2552", _node.Address.ToString()));
        ControlFrame answer = await ReadControlAsync(tls);
        Assert.Equal(ControlKind.Welcome, answer.Kind);
        return tls;
    }

    private Task<SslStream> ConnectAsync(X509Certificate2? certificate) => ConnectAsync(certificate, _node);

    private static async Task<SslStream> ConnectAsync(X509Certificate2? certificate, RemotingNode node)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(node.Address.Host, node.Address.Port);
        var tls = new SslStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = node.Address.Host,
            ApplicationProtocols = [RemotingProtocol.Alpn],
            ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
        });
        return tls;
    }

    private Task<DialedAssociation> DialAsync(NodeCertificates certificates, string node, PeerAddress? to = null, DateTimeOffset? now = null)
    {
        var options = new Actors443RemotingOptions { PublicHostName = "127.0.0.1", Port = 2552 };
        certificates.Of(node)(options);
        RemotingSettings settings = RemotingSettings.Read(ConfigurationFactory.ParseString(RemotingHocon.Of(options)).GetConfig(RemotingSettings.Path), "embedded");
        TimeProvider time = now is { } then ? new FakeTimeProvider(then) : TimeProvider.System;
        return DialedAssociation.ConnectAsync(_node.Dialer, settings, new IdentitySource(settings, NullLogger.Instance, time), to ?? _node.Address, new AssociationCounts(), CancellationToken.None);
    }

    private async Task AssertRefusedAsync(NodeCertificates certificates, string node, string told, CloseReason reason, string detail, DateTimeOffset now)
    {
        InvalidAssociationException refusal = await Assert.ThrowsAsync<InvalidAssociationException>(() => DialAsync(certificates, node, now: now));
        Assert.Contains($"refuses this node: {(TestEngine.Name == "portable" ? detail : told)}", refusal.Message, StringComparison.Ordinal);
        await AssertEndedAsync(reason, detail);
    }

    private async Task AssertRefusedAsync(SslStream tls, CloseReason reason, string why)
    {
        Assert.Contains(why, await RefusalAsync(tls), StringComparison.Ordinal);
        await AssertEndedAsync(reason, why);
        Assert.Empty(_node.Heard);
    }

    private static async Task<string> RefusalAsync(SslStream tls)
    {
        ControlFrame answer = await ReadControlAsync(tls);
        Assert.Equal(ControlKind.Refused, answer.Kind);
        Assert.Equal(0, await ReadAsync(tls, new byte[10]));
        return answer.TextAt(0);
    }

    private async Task AssertEndedAsync(CloseReason reason, string? detail, RemotingNode? at = null) => await Eventually.HoldsAsync(
        () => (at ?? _node).Obituaries.Any(end => end.Reason == reason && (detail is null || end.Detail?.Contains(detail, StringComparison.Ordinal) == true)),
        $"it ended by {reason}, {detail}; these did: {string.Join("; ", (at ?? _node).Obituaries.Select(end => $"{end.Reason} {end.Detail}"))}");

    // SslStream looks at the client's certificate when TLS 1.3 is agreed upon, and has no alert for it: there it is said in words.
    private static async Task AssertToldAsync(SslStream tls, string alert, string words)
    {
        if (TestEngine.Name == "portable")
        {
            Assert.Contains(words, await RefusalAsync(tls), StringComparison.Ordinal);
            return;
        }

        Exception inner = await Assert.ThrowsAsync<IOException>(() => ReadAsync(tls, new byte[10]));
        while (inner.InnerException is { } next)
            inner = next;
        Assert.Contains(alert, inner.Message, StringComparison.Ordinal);
    }

    private static async Task<ControlFrame> ReadControlAsync(Stream stream)
    {
        byte[] header = new byte[Frame.HeaderLength];
        await stream.ReadExactlyAsync(header).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header);
        Assert.True((length & Frame.Control) != 0, Encoding.ASCII.GetString(header));
        byte[] body = new byte[length & ~Frame.Control];
        await stream.ReadExactlyAsync(body).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(ControlFrame.TryDecode(body, out ControlFrame? frame));
        return frame;
    }

    private static Task<int> ReadAsync(Stream stream, byte[] buffer) => stream.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
}
