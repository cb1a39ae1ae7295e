using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Engine;
using Actors443.Engine.EventLoop;
using Actors443.Hosting;
using Actors443.Identities;
using Actors443.Remoting;
using Actors443.Remoting.Associations;
using Actors443.Remoting.Frames;
using Actors443.Remoting.Identity;
using Actors443.Testing;
using Akka.Actor;
using Akka.Remote.Transport;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.IntegrationTests.Remoting;

/// <summary>Connections that a node makes to others: who owns them, and what becomes of them with whoever is at the other end.</summary>
public sealed class DialedConnectionTests : IAsyncLifetime, IDisposable
{
    private readonly NodeCertificates _nodes = new();
    private readonly NodeCertificates _strangers = new("Strangers");
    private readonly StubNode _stub = new();
    private RemotingNode _node = null!;

    public async Task InitializeAsync()
    {
        _nodes.Write("node", "127.0.0.1");
        _node = await RemotingNode.StartAsync(_nodes.Of("node"));
    }

    public async Task DisposeAsync() => await _node.DisposeAsync();

    public void Dispose()
    {
        _stub.Dispose();
        _nodes.Dispose();
        _strangers.Dispose();
    }

    [Fact]
    public async Task An_actor_owns_it_on_the_engine_of_the_server()
    {
        await using RemotingNode other = await RemotingNode.StartAsync(_nodes.Of("node"));
        await _node.ReachAsync(other);

        DialedAssociation dialed = Assert.Single(_node.Transport.Dialed);
        Assert.StartsWith("/system/actors443-outbound/", dialed.Connection.Actor.Path.ToStringWithoutAddress(), StringComparison.Ordinal);
        Assert.Equal(Actors443Parts.Of(_node.System).Environment.Engine is EventLoopEngine, dialed.Connection is LoopConnection);
        ConnectionSnapshot shown = await dialed.Connection.Actor.Ask<ConnectionSnapshot>(GetConnection.Instance, TimeSpan.FromSeconds(10));
        Assert.Equal((dialed.Connection.Id, "outbound", ConnectionState.Upgraded, other.Address.ToString(), "127.0.0.1"), (shown.Id, shown.Listener, shown.State, shown.Principal, shown.ServerName));
        Assert.Contains(LifecycleEvent.HandshakeCompleted, dialed.Connection.Events.Select(happened => happened.Kind));

        // It ends with its actor, and leaves an obituary; and another is made.
        _node.System.Stop((IInternalActorRef)dialed.Connection.Actor);
        await Eventually.HoldsAsync(() => _node.Obituaries.Any(end => end.Id == dialed.Connection.Id && end.Reason == CloseReason.ActorFailed), "it has ended with its actor");
        await Eventually.HoldsAsync(() => _node.Transport.Outbound == 0 && other.Transport.Inbound == 0, "so has the association");
        await _node.ReachAsync(other);
    }

    [Fact]
    public async Task A_name_is_asked_for_by_SNI_from_the_address_that_was_set_and_a_chain_is_shown_and_understood()
    {
        using TestCertificates intermediate = _nodes.Authority.Intermediate();
        _nodes.Write("under", intermediate.IssueNode("localhost"));
        await using RemotingNode other = await RemotingNode.StartAsync(options =>
        {
            _nodes.Of("under")(options);
            options.PublicHostName = "localhost";
        });
        await using RemotingNode one = await RemotingNode.StartAsync(options =>
        {
            _nodes.Of("under")(options);
            options.PublicHostName = "localhost";
            options.BindHostName = "127.0.0.2";
        });
        await one.ReachAsync(other);

        EngineConnection accepted = Assert.Single(other.Transport.Accepted).Connection;
        Assert.Equal(("localhost", "127.0.0.2"), (accepted.ServerName, accepted.Remote.Address.ToString()));
        EngineConnection dialed = Assert.Single(one.Transport.Dialed).Connection;
        Assert.Equal((accepted.Remote, accepted.Local), (dialed.Local, dialed.Remote));
    }

    [Fact]
    public async Task Whoever_closes_it_by_its_id_parts_them_in_order()
    {
        await using RemotingNode other = await RemotingNode.StartAsync(_nodes.Of("node"));
        await _node.ReachAsync(other);
        EngineConnection connection = Assert.Single(_node.Transport.Dialed).Connection;

        Assert.Equal(1, (await _node.System.GetConnectionDirectory().CloseAsync(ConnectionFilter.Parse($"id = {connection.Id}"))).Count);
        await Eventually.HoldsAsync(() => connection.Stage == ConnectionState.Closed && other.Transport.Inbound == 0, "it has ended at both ends");
        Assert.Equal(CloseReason.ClosedByRequest, connection.Reason);
        Assert.Empty(_node.Obituaries);
        Assert.Empty(other.Obituaries);
    }

    [Theory]
    [InlineData("expired", "it has expired", CloseReason.ClientCertificateRejected)]
    [InlineData("stranger", "none of the CAs that are trusted for nodes has issued its certificate", CloseReason.ClientCertificateRejected)]
    [InlineData("elsewhere", "its certificate is not for 127.0.0.1 (it is for elsewhere.example)", CloseReason.ClientCertificateRejected)]
    [InlineData("client", "its certificate is not for a node", CloseReason.ClientCertificateRejected)]
    [InlineData("revoked", "its certificate is revoked", CloseReason.ClientCertificateRevoked)]
    [InlineData("ruled out", "not that one", CloseReason.ClientCertificateRejected)]
    [InlineData("not validated", "the validation of the certificate failed (NotSupportedException: broken)", CloseReason.ClientCertificateRejected)]
    public async Task A_certificate_that_is_not_good_is_refused_and_the_other_hears_it(string kind, string why, CloseReason reason)
    {
        DateTimeOffset now = _nodes.Authority.Now;
        using X509Certificate2 shown = kind switch
        {
            "expired" => _nodes.Authority.Issue(new TestCertificateOrder { Names = ["127.0.0.1"], ForClientsToo = true, NotBefore = now.AddDays(-90), NotAfter = now.AddDays(-1) }).WithKey,
            "stranger" => _strangers.Authority.IssueNode("127.0.0.1").WithKey,
            "elsewhere" => _nodes.Authority.IssueNode("elsewhere.example").WithKey,
            "client" => _nodes.Authority.Issue(new TestCertificateOrder { Names = ["127.0.0.1"], ExtendedKeyUsage = ExtendedKeyUsages.ClientAuthentication }).WithKey,
            _ => _nodes.Authority.IssueNode("127.0.0.1").WithKey,
        };
        if (kind == "revoked")
            await _node.System.GetRevocations().RevokeAsync(Identity.Certificate(shown), "stolen");
        Task<DialedAssociation> dialed = DialAsync(kind switch
        {
            "ruled out" => _ => "not that one",
            "not validated" => _ => throw new NotSupportedException("broken"),
            _ => null,
        });

        // With TLS 1.3 the server is done before its certificate is looked at, or the alert is what its handshake ends by.
        Exception heard = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using SslStream tls = await _stub.SecureAsync(shown, RemotingProtocol.Alpn);
            if (await tls.ReadAsync(new byte[1]) == 0)
                throw new IOException("it ended");
        });
        Assert.True(heard is IOException or AuthenticationException, heard.ToString());

        InvalidAssociationException refusal = await Assert.ThrowsAsync<InvalidAssociationException>(() => dialed);
        Assert.Contains($"{_stub.Address} is not trusted: {why}", refusal.Message, StringComparison.Ordinal);
        await AssertEndedAsync(reason, why);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Both_versions_of_TLS_will_do(SslProtocols version)
    {
        using X509Certificate2 shown = _nodes.Authority.IssueNode("127.0.0.1").WithKey;
        Task<DialedAssociation> dialing = DialAsync();
        await using SslStream tls = await _stub.WelcomeAsync(shown, version: version);
        DialedAssociation dialed = await dialing;
        Assert.Equal((version, shown.Thumbprint), (dialed.Connection.TlsVersion, dialed.Certificate.Thumbprint));
        Assert.NotNull(tls.RemoteCertificate);
        Task running = RunAsync(dialed, new Listener());
        dialed.Cut(CloseReason.ServerClosed, null);
        await running;
        await NothingIsLeftAsync();

        // The same, refused.
        using X509Certificate2 bad = _strangers.Authority.IssueNode("127.0.0.1").WithKey;
        Task<DialedAssociation> refused = DialAsync();
        await Assert.ThrowsAnyAsync<Exception>(async () => await (await _stub.SecureAsync(bad, RemotingProtocol.Alpn, version: version)).ReadExactlyAsync(new byte[1]));
        Assert.Contains("is not trusted", (await Assert.ThrowsAsync<InvalidAssociationException>(() => refused)).Message, StringComparison.Ordinal);
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_server_that_has_ended_makes_no_connection()
    {
        RemotingNode ended = await RemotingNode.StartAsync(_nodes.Of("node"));
        PeerDialer dialer = ended.Dialer;
        RemotingSettings settings = ended.Transport.Settings;
        IdentitySource identity = ended.Transport.Identity;
        await ended.DisposeAsync();
        // By the framework's sockets there would be one, and no actor to own it.
        if (dialer.Engine is EventLoopEngine)
            await Assert.ThrowsAnyAsync<InvalidAssociationException>(() => DialedAssociation.ConnectAsync(dialer, settings, identity, _stub.Address, new AssociationCounts(), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("h2")]
    public async Task A_server_that_speaks_something_else_is_none(string? spoken)
    {
        using X509Certificate2 shown = _nodes.Authority.IssueNode("127.0.0.1").WithKey;
        Task<DialedAssociation> dialed = DialAsync();
        Task<SslStream> secured = _stub.SecureAsync(shown, spoken is null ? null : new SslApplicationProtocol(spoken));
        NotSpokenException refusal = await Assert.ThrowsAsync<NotSpokenException>(() => dialed);
        Assert.Contains(spoken is null ? "does not speak akka-remote/1" : "no_application_protocol", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(async () => await (await secured).ReadExactlyAsync(new byte[1]));
        await AssertEndedAsync(spoken is null ? CloseReason.NoApplicationProtocol : CloseReason.HandshakeFailed, spoken is null ? "akka-remote/1" : "no_application_protocol");
    }

    [Fact]
    public async Task What_is_said_byte_by_byte_is_understood()
    {
        using X509Certificate2 shown = _nodes.Authority.IssueNode("127.0.0.1").WithKey;
        Task<DialedAssociation> dialing = DialAsync();
        await using SslStream tls = await _stub.WelcomeAsync(shown, stream => new TrickleStream(stream));
        DialedAssociation dialed = await dialing;
        var heard = new Listener();
        Task running = RunAsync(dialed, heard);

        Assert.True(dialed.Association.TryWrite(ByteString.CopyFromUtf8("question")));
        Assert.Equal("question"u8.ToArray(), (await StubNode.ReadFrameAsync(tls)).Body);
        await tls.WriteAsync((byte[])[0, 0, 0, 6, .. "answer"u8]);
        await tls.WriteAsync(new ControlFrame(ControlKind.Goodbye, "that was all").Encode());
        await running;
        Assert.Equal(["answer", "Disassociated"], heard.Heard);
        Assert.Equal("that was all", dialed.Association.EndedBecause);
        await EndedAsync(dialed.Connection);
        Assert.Equal(CloseReason.ClientClosed, dialed.Connection.Reason);
        Assert.Empty(_node.Obituaries);
    }

    [Theory]
    [InlineData("at once", false)]
    [InlineData("at once", true)]
    [InlineData("after the ClientHello", false)]
    [InlineData("after the ClientHello", true)]
    [InlineData("after the handshake", false)]
    [InlineData("after the handshake", true)]
    public async Task Whoever_vanishes_before_it_has_said_who_it_is_leaves_nothing(string when, bool isReset)
    {
        using X509Certificate2 shown = _nodes.Authority.IssueNode("127.0.0.1").WithKey;
        Task<DialedAssociation> dialed = DialAsync();
        Socket socket = null!;
        if (when == "after the handshake")
        {
            SslStream tls = await _stub.SecureAsync(shown, RemotingProtocol.Alpn, stream =>
            {
                socket = ((NetworkStream)stream).Socket;
                return stream;
            });
            Assert.Equal(ControlKind.Hello, (await StubNode.ReadControlAsync(tls)).Kind);
        }
        else
        {
            socket = await _stub.AcceptAsync();
            if (when == "after the ClientHello")
                Assert.True(await socket.ReceiveAsync(new byte[64 * 1024]) > 0);
        }

        Vanish(socket, isReset);
        InvalidAssociationException failure = await Assert.ThrowsAnyAsync<InvalidAssociationException>(() => dialed);
        Assert.StartsWith($"{_stub.Address}", failure.Message, StringComparison.Ordinal);
        await NothingIsLeftAsync();
    }

    [Theory]
    [InlineData(false, "the connection ended without a goodbye")]
    [InlineData(true, "the connection broke")]
    public async Task Whoever_vanishes_later_ends_the_association_and_leaves_an_obituary(bool isReset, string why)
    {
        using X509Certificate2 shown = _nodes.Authority.IssueNode("127.0.0.1").WithKey;
        Socket socket = null!;
        Task<DialedAssociation> dialing = DialAsync();
        _ = await _stub.WelcomeAsync(shown, stream =>
        {
            socket = ((NetworkStream)stream).Socket;
            return stream;
        });
        DialedAssociation dialed = await dialing;
        var heard = new Listener();
        Task running = RunAsync(dialed, heard);

        Vanish(socket, isReset);
        await running;
        Assert.Equal(["Disassociated"], heard.Heard);
        Assert.True(dialed.Association.HasFailed);
        await Eventually.HoldsAsync(() => _node.Obituaries.Any(end => end.Id == dialed.Connection.Id && end.Detail?.Contains(why, StringComparison.Ordinal) == true), $"{why}; {string.Join("; ", _node.Obituaries.Select(end => $"{end.Reason} {end.Detail}"))}");
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Whoever_says_nothing_has_its_time()
    {
        Task<DialedAssociation> dialed = DialAsync(connectWithin: TimeSpan.FromMilliseconds(300));
        using Socket silent = await _stub.AcceptAsync();
        InvalidAssociationException failure = await Assert.ThrowsAnyAsync<InvalidAssociationException>(() => dialed);
        Assert.Contains("did not answer within 0.3 s", failure.Message, StringComparison.Ordinal);
        await AssertEndedAsync(CloseReason.HandshakeTimeout, null);
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Nobody_there_is_said_and_is_no_connection()
    {
        var nobody = new PeerAddress("stub", "127.0.0.1", FreePort.Next());
        NotSpokenException failure = await Assert.ThrowsAsync<NotSpokenException>(() => DialAsync(to: nobody));
        Assert.Contains($"{nobody} cannot be connected to: ConnectionRefused", failure.Message, StringComparison.Ordinal);
        await NothingIsLeftAsync();
        Assert.Empty(_node.Obituaries);
    }

    [Fact]
    public async Task Words_of_refusal_are_in_the_obituary()
    {
        using X509Certificate2 shown = _nodes.Authority.IssueNode("127.0.0.1").WithKey;
        Task<DialedAssociation> dialed = DialAsync();
        await using SslStream tls = await _stub.SecureAsync(shown, RemotingProtocol.Alpn);
        await StubNode.ReadControlAsync(tls);
        await tls.WriteAsync(new ControlFrame(ControlKind.Refused, "not today").Encode());
        InvalidAssociationException refusal = await Assert.ThrowsAsync<InvalidAssociationException>(() => dialed);
        Assert.Equal($"{_stub.Address} refuses this node: not today", refusal.Message);
        await AssertEndedAsync(CloseReason.HandshakeFailed, "refuses this node: not today");
    }

    [Fact]
    public async Task Nothing_more_is_taken_while_the_other_takes_nothing_and_all_comes_in_order_when_it_does()
    {
        const int length = 100_000;
        using X509Certificate2 shown = _nodes.Authority.IssueNode("127.0.0.1").WithKey;
        Task<DialedAssociation> dialing = DialAsync();
        await using SslStream tls = await _stub.WelcomeAsync(shown);
        DialedAssociation dialed = await dialing;
        Task running = RunAsync(dialed, new Listener());

        // Until what the sockets hold is full as well.
        int written = 0;
        await Eventually.HoldsAsync(
            () =>
            {
                long before = dialed.Connection.BytesWritten;
                while (dialed.Association.TryWrite(Numbered(written, length)))
                    written++;
                return written > 10 && dialed.Connection.BytesWritten == before;
            },
            "no more is taken",
            TimeSpan.FromSeconds(30));
        Assert.InRange(written * (long)length, length, 64 * 1024 * 1024);

        for (int number = 0; number < written; number++)
        {
            (bool isControl, byte[] body) = await StubNode.ReadFrameAsync(tls);
            Assert.False(isControl);
            Assert.Equal((length, number), (body.Length, BitConverter.ToInt32(body)));
        }

        await Eventually.HoldsAsync(() => dialed.Association.TryWrite(Numbered(written, length)), "there is room again");
        dialed.Association.End(ControlKind.Goodbye, "enough");
        Assert.Equal(written, BitConverter.ToInt32((await StubNode.ReadFrameAsync(tls)).Body));
        Assert.Equal("enough", (await StubNode.ReadControlAsync(tls)).TextAt(0));
        // close_notify, and not a break.
        Assert.Equal(0, await tls.ReadAsync(new byte[1]));
        await tls.ShutdownAsync();
        await running;
    }

    private static ByteString Numbered(int number, int length)
    {
        byte[] bytes = new byte[length];
        BitConverter.TryWriteBytes(bytes, number);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private static void Vanish(Socket socket, bool isReset)
    {
        if (isReset)
            socket.Close(0);
        else
            socket.Dispose();
    }

    private static Task RunAsync(DialedAssociation dialed, Listener listener)
    {
        var handle = new OwnHandle(new Address("actors443", "embedded", "127.0.0.1", 2552), dialed.Peer.ToAddress("actors443"), dialed.Association);
        handle.ReadHandlerSource.SetResult(listener);
        return dialed.RunAsync(handle).WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static Task EndedAsync(EngineConnection connection) => Eventually.HoldsAsync(() => connection.Stage == ConnectionState.Closed, "it is over");

    private Task<DialedAssociation> DialAsync(Func<X509Certificate2, string?>? validate = null, PeerAddress? to = null, TimeSpan? connectWithin = null)
    {
        RemotingSettings settings = _node.Transport.Settings;
        settings = settings with { Rules = settings.Rules with { Validate = validate }, ConnectTimeout = connectWithin ?? settings.ConnectTimeout };
        var identity = new IdentitySource(settings, NullLogger.Instance, TimeProvider.System) { Revoked = _node.Transport.Identity.Revoked };
        return DialedAssociation.ConnectAsync(_node.Dialer, settings, identity, to ?? _stub.Address, new AssociationCounts(), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
    }

    private Task AssertEndedAsync(CloseReason reason, string? detail) => Eventually.HoldsAsync(
        () => _node.Obituaries.Any(end => end.Last.Listener == "outbound" && end.Reason == reason && (detail is null || end.Detail?.Contains(detail, StringComparison.Ordinal) == true)),
        $"it ended by {reason}, {detail}; these did: {string.Join("; ", _node.Obituaries.Select(end => $"{end.Reason} {end.Detail}"))}");

    // Neither an actor nor anything of OpenSSL's.
    private Task NothingIsLeftAsync() => Eventually.HoldsAsync(
        async () => (await _node.System.GetConnectionDirectory().FindAsync(ConnectionFilter.Parse("listener = outbound"))).Connections.Count == 0
            && (Actors443Parts.Of(_node.System).Environment.Engine is not EventLoopEngine engine || Volatile.Read(ref engine.Sessions) == 0),
        "nothing is left");

    /// <summary>What Akka would hear.</summary>
    private sealed class Listener : IHandleEventListener
    {
        private readonly List<string> _heard = [];

        public IReadOnlyList<string> Heard => _heard;

        public void Notify(IHandleEvent happened) => _heard.Add(happened is InboundPayload payload ? payload.Payload.ToStringUtf8() : happened.GetType().Name);
    }
}
