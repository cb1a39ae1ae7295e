using Actors443.Cluster.Dns;
using Actors443.Cluster.Nodes;
using Actors443.Dns.Cache;
using Akka.Actor;

namespace Actors443.Tests.Cluster;

/// <summary>Whose a name is.</summary>
public sealed class ClusterDnsTests : Akka.TestKit.Xunit2.TestKit
{
    private const int Keys = 3000;

    private static readonly Address[] Nodes = [.. Enumerable.Range(1, 4).Select(number => new Address("akka.tcp", "actors443", $"10.0.0.{number}", 2552))];

    public ClusterDnsTests()
        : base("akka.actor.provider = cluster, akka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }")
    {
    }

    [Fact]
    public void All_nodes_agree_and_each_has_its_share()
    {
        int[] owned = new int[4];
        foreach (byte[] key in AllKeys())
        {
            Address[] owners = [.. Nodes.Select(self => Of(self, Nodes).OwnerOf(key) ?? self).Distinct()];
            owned[Array.IndexOf(Nodes, Assert.Single(owners))]++;
        }

        Assert.All(owned, count => Assert.InRange(count, Keys / 4 * 3 / 4, Keys / 4 * 5 / 4));
    }

    [Fact]
    public void When_a_node_goes_only_its_own_names_move()
    {
        ClusterDns before = Of(Nodes[0], Nodes);
        ClusterDns after = Of(Nodes[0], Nodes[..3]);
        foreach (byte[] key in AllKeys())
        {
            Address owner = before.OwnerOf(key) ?? Nodes[0];
            Address next = after.OwnerOf(key) ?? Nodes[0];
            Assert.True(owner.Equals(Nodes[3]) ? !next.Equals(owner) : next.Equals(owner));
        }
    }

    [Fact]
    public void A_node_alone_asks_for_itself() => Assert.Null(Of(Nodes[0], Nodes[..1]).OwnerOf([0, 0, 1, 0]));

    [Theory]
    [InlineData(new byte[] { 1, (byte)'a', 0, 0, 1, 0 }, true)]
    [InlineData(new byte[] { 0, 0, 1, 0 }, true)]
    [InlineData(new byte[] { }, false)]
    [InlineData(new byte[] { 0, 0 }, false)]
    [InlineData(new byte[] { 1, (byte)'a', 0, 0, 1 }, false)]
    [InlineData(new byte[] { 64, 0, 0, 0 }, false)]
    [InlineData(new byte[] { 9, 0, 0, 0 }, false)]
    public void Keys_from_elsewhere_are_looked_at(byte[] key, bool isKey) => Assert.Equal(isKey, DnsCacheKey.IsWellFormed(key));

    private static IEnumerable<byte[]> AllKeys() => Enumerable.Range(0, Keys).Select(number => (byte[])[4, (byte)(number >> 8), (byte)number, 0, 1, 0, 0, 1, 0, 0]);

    private ClusterDns Of(Address self, Address[] nodes)
    {
        var dns = new ClusterDns(new ClusterNodes(Sys), self);
        dns.Publish(nodes);
        return dns;
    }
}
