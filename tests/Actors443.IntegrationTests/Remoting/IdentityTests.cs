using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Actors443.Engine;
using Actors443.Hosting;
using Actors443.Identities;
using Actors443.Remoting;
using Actors443.Testing;
using Akka.Actor;
using Akka.Remote;

namespace Actors443.IntegrationTests.Remoting;

/// <summary>Certificates of nodes that change, and that are revoked, while messages go on.</summary>
public sealed class IdentityTests : IDisposable
{
    private const int Rotations = 20;

    private readonly NodeCertificates _nodes = new();

    public void Dispose() => _nodes.Dispose();

    [Fact]
    public async Task Twenty_new_certificates_and_another_CA_lose_no_association_and_no_message()
    {
        foreach (string node in (string[])["one", "other"])
            _nodes.Write(node, "127.0.0.1");
        await using RemotingNode one = await RemotingNode.StartAsync(_nodes.Of("one"));
        await using RemotingNode other = await RemotingNode.StartAsync(_nodes.Of("other"));
        await one.ReachAsync(other);
        NumberStream stream = await NumberStream.StartAsync(one, other);

        for (int rotation = 0; rotation < Rotations; rotation++)
        {
            if (rotation == Rotations / 2)
                _nodes.ChangeAuthority();
            TestCertificate renewed = _nodes.Write("other", "127.0.0.1");
            _nodes.Write("one", "127.0.0.1");
            // For whoever comes next it counts at once.
            Assert.Equal(renewed.Thumbprint, await ShownAsync(other, _nodes.Authority.IssueNode("127.0.0.1").WithKey));
        }

        _nodes.ForgetFormer();
        await using RemotingNode third = await RemotingNode.StartAsync(_nodes.Of("one"));
        await third.ReachAsync(other);
        await stream.EndWholeAsync();
    }

    [Fact]
    public async Task Associations_that_there_are_show_new_certificates_in_time_and_lose_no_message()
    {
        foreach (string node in (string[])["one", "other"])
            _nodes.Write(node, "127.0.0.1");
        await using RemotingNode one = await RemotingNode.StartAsync(Renewing("one", 20));
        await using RemotingNode other = await RemotingNode.StartAsync(Renewing("other", 20));
        await one.ReachAsync(other);
        NumberStream stream = await NumberStream.StartAsync(one, other);

        for (int rotation = 0; rotation < 4; rotation++)
        {
            if (rotation == 2)
                _nodes.ChangeAuthority();
            // By turns it is the one that has connected and the one that was connected to whose certificate changes; a CA is both's.
            string changes = rotation % 2 == 0 ? "other" : "one";
            TestCertificate renewed = _nodes.Write(changes, "127.0.0.1");
            await Eventually.HoldsAsync(
                () => (changes == "other" ? one.Transport.Dialed.Single().Certificate.Thumbprint : Connection(other).ClientCertificate?.Thumbprint) == renewed.Thumbprint, "it goes on with the new one", TimeSpan.FromSeconds(30));
        }

        await stream.EndWholeAsync();
        Assert.Empty(other.Obituaries);
        Assert.Equal((1, 0), (one.Transport.Outbound, one.Transport.Inbound));
    }

    [Fact]
    public async Task What_cannot_show_a_certificate_that_counts_is_ended_in_time()
    {
        _nodes.Write("one", "127.0.0.1");
        await using RemotingNode one = await RemotingNode.StartAsync(Renewing("one", 1));
        await using RemotingNode other = await RemotingNode.StartAsync(Renewing("one", 1));
        await one.ReachAsync(other);

        // Another CA alone is trusted, and neither has a certificate of it.
        _nodes.ChangeAuthority();
        _nodes.ForgetFormer();

        await Eventually.HoldsAsync(() => one.Transport.Outbound == 0 && other.Transport.Inbound == 0, "it is ended", TimeSpan.FromSeconds(30));
        Assert.Contains(one.Log.Concat(other.Log), line => line.Contains("is ended, for certificates have changed and it was not made anew within", StringComparison.Ordinal));
    }

    private Action<Actors443RemotingOptions> Renewing(string node, int seconds) => options =>
    {
        _nodes.Of(node)(options);
        options.RehandshakeWithin = TimeSpan.FromSeconds(seconds);
    };

    private static EngineConnection Connection(RemotingNode node) => node.Transport.Accepted.Single().Connection;

    [Fact]
    public async Task What_is_bad_leaves_what_was_good()
    {
        _nodes.Write("one", "127.0.0.1");
        TestCertificate good = _nodes.Write("other", "127.0.0.1");
        await using RemotingNode one = await RemotingNode.StartAsync(_nodes.Of("one"));
        await using RemotingNode other = await RemotingNode.StartAsync(_nodes.Of("other"));

        _nodes.Write("other", "elsewhere.example");

        await one.ReachAsync(other);
        Assert.Equal(good.Thumbprint, await ShownAsync(other, _nodes.Authority.IssueNode("127.0.0.1").WithKey));
        Assert.Contains(other.Log, line => line.Contains("is not for 127.0.0.1 (but elsewhere.example)", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_node_that_is_revoked_is_cut_off_within_two_seconds(bool byWhomItConnectedTo)
    {
        TestCertificate bad = _nodes.Write("bad", "127.0.0.1");
        _nodes.Write("good", "127.0.0.1");
        await using RemotingNode revoked = await RemotingNode.StartAsync(_nodes.Of("bad"));
        await using RemotingNode good = await RemotingNode.StartAsync(_nodes.Of("good"));
        await (byWhomItConnectedTo ? revoked.ReachAsync(good) : good.ReachAsync(revoked));

        RemotingDoor door = System(good);
        await good.System.GetRevocations().RevokeAsync(Identity.Certificate(bad.WithKey), "stolen");
        await Eventually.HoldsAsync(() => door.Systems.Single() is { Inbound: 0, Outbound: 0 }, "it is cut off", TimeSpan.FromSeconds(2));

        await TellUntilAsync(revoked, good, revoked, TestEngine.Name == "portable" ? $"{good.Address} refuses this node: its certificate is revoked" : "certificate_revoked");
        await TellUntilAsync(good, revoked, good, "is not trusted: its certificate is revoked");
        Assert.Empty(good.Heard);
    }

    [Fact]
    public async Task A_node_is_revoked_by_its_address_as_well()
    {
        _nodes.Write("one", "127.0.0.1");
        await using RemotingNode one = await RemotingNode.StartAsync(_nodes.Of("one"));
        await using RemotingNode other = await RemotingNode.StartAsync(_nodes.Of("one"));
        await one.ReachAsync(other);
        await other.System.GetRevocations().RevokeAsync(Identity.Parse(IdentityKind.Principal, one.Address.ToString()));
        await Eventually.HoldsAsync(() => System(other).Systems.Single().Inbound == 0, "it is cut off", TimeSpan.FromSeconds(2));

        await TellUntilAsync(one, other, one, $"{one.Address} is revoked");
        Assert.Empty(other.Heard);
    }

    [Fact]
    public async Task Rules_hold_besides_the_CA()
    {
        TestCertificate pinned = _nodes.Write("pinned", "127.0.0.1");
        _nodes.Write("other", "127.0.0.1", "b.nodes.example");
        await using RemotingNode wanting = await RemotingNode.StartAsync(options =>
        {
            _nodes.Of("pinned")(options);
            options.PeerPins = [Identity.CertificateKey(pinned.WithKey).Id];
        });
        await using RemotingNode named = await RemotingNode.StartAsync(options =>
        {
            _nodes.Of("pinned")(options);
            options.PeerNames = ["*.nodes.example"];
        });
        await using RemotingNode validating = await RemotingNode.StartAsync(options =>
        {
            _nodes.Of("pinned")(options);
            options.ValidatePeer = certificate => certificate.Thumbprint == pinned.Thumbprint ? "not that one" : null;
        });
        await using RemotingNode other = await RemotingNode.StartAsync(_nodes.Of("other"));

        await other.ReachAsync(named);
        await other.ReachAsync(validating);
        other.EarOf(wanting).Tell("hello");
        await RefusedAsync(wanting, "its key is none of peers.pins");
        await using RemotingNode twin = await RemotingNode.StartAsync(_nodes.Of("pinned"));
        await wanting.ReachAsync(twin);
        wanting.EarOf(named).Tell("hello");
        await RefusedAsync(named, "none of the names in peers.names (*.nodes.example)");
        wanting.EarOf(validating).Tell("hello");
        await RefusedAsync(validating, "not that one");
    }

    // Akka leaves an address alone for some seconds after it was cut off.
    private static Task TellUntilAsync(RemotingNode from, RemotingNode to, RemotingNode log, string why) => Eventually.HoldsAsync(
        () =>
        {
            from.EarOf(to).Tell("more");
            return log.Log.Any(line => line.Contains(why, StringComparison.Ordinal));
        },
        $"it is said that {why}",
        TimeSpan.FromSeconds(30));

    private static Task RefusedAsync(RemotingNode by, string why) => Eventually.HoldsAsync(
        () => by.Obituaries.Any(end => end.Detail?.Contains(why, StringComparison.Ordinal) == true), $"refused, for {why}: {string.Join('\n', by.Obituaries.Select(end => end.Detail))}", TimeSpan.FromSeconds(30));

    private static RemotingDoor System(RemotingNode node) => Actors443Parts.Of(node.System).Environment.Nodes;

    private static Task<string> ShownAsync(RemotingNode node, X509Certificate2 own) => NodeCertificates.ShownAsync(node.Address.Host, node.Address.Port, own);

    /// <summary>Numbers that one node tells another, in turn, until they are to end.</summary>
    private sealed class NumberStream
    {
        private readonly List<object> _ended = [];
        private readonly RemotingNode _to;
        private readonly Task _sending;
        private volatile bool _isOver;
        private int _sent;

        private NumberStream(RemotingNode from, RemotingNode to, IActorRef there)
        {
            _to = to;
            IActorRef listener = from.System.ActorOf(Props.Create<Listener>(_ended));
            from.System.EventStream.Subscribe(listener, typeof(DisassociatedEvent));
            from.System.EventStream.Subscribe(listener, typeof(AssociationErrorEvent));
            _sending = Task.Run(async () =>
            {
                for (; !_isOver; _sent++)
                {
                    there.Tell(_sent);
                    if (_sent % 100 == 99)
                        await Eventually.HoldsAsync(() => to.Heard.Count > _sent - 1000, "they come", TimeSpan.FromSeconds(60));
                }
            });
        }

        public static async Task<NumberStream> StartAsync(RemotingNode from, RemotingNode to) => new(from, to, await from.EarOf(to).ResolveOne(TimeSpan.FromSeconds(10)));

        /// <summary>All have come in their order, and no association has ended.</summary>
        public async Task EndWholeAsync()
        {
            _isOver = true;
            await _sending;
            await Eventually.HoldsAsync(() => _to.Heard.Count == _sent, "all have come", TimeSpan.FromSeconds(60));
            Assert.Equal(Enumerable.Range(0, _sent), _to.Heard.Select(heard => Convert.ToInt32(heard, CultureInfo.InvariantCulture)));
            Assert.Empty(_ended);
        }
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(List<object> ended) => ReceiveAny(ended.Add);
    }
}
