using Actors443.Cluster;
using Actors443.Configuration;

namespace Actors443.Tests.Configuration;

/// <summary><c>cluster</c>, good and bad.</summary>
public sealed class ClusterSettingsSpecs : SettingsFixture
{
    [Fact]
    public void A_node_is_read()
    {
        Write("cluster.secret", new string('s', 32));
        ClusterSettings cluster = Good("""
            actors443.cluster {
              enabled = on
              secret = "file:cluster.secret"
              bind = "0.0.0.0:2552"
              public-hostname = node-1.internal
              seed-nodes = ["node-1.internal:2552", "[2001:db8::1]:2552"]
              stable-after = 20s
            }
            """).Core.Cluster;

        Assert.True(cluster.Enabled);
        Assert.Equal(["node-1.internal:2552", "[2001:db8::1]:2552"], cluster.SeedNodes);
        Assert.Equal(("node-1.internal", null, TimeSpan.FromSeconds(20)), (cluster.PublicHostname, cluster.PublicPort, cluster.StableAfter));
        // A port of its own is DotNetty's.
        Assert.Equal([ClusterTransport.DotNetty], cluster.Transports);
    }

    [Fact]
    public void A_node_on_the_https_port_and_one_that_is_moved_there()
    {
        ClusterSettings one = Good("""
            actors443 {
              https.bind = "10.0.0.1:443"
              cluster { enabled = on, secret = "01234567890123456789012345678901", seed-nodes = ["10.0.0.1:443", "10.0.0.2:443"] }
            }
            """).Core.Cluster;
        Assert.Equal([ClusterTransport.Https], one.Transports);
        Assert.Equal("10.0.0.1:443", ClusterHocon.NameOf(one));
        Assert.Contains("akka.actors443://system@10.0.0.2:443", ClusterHocon.Node(one, "system", one.SeedNodes), StringComparison.Ordinal);

        ClusterSettings moved = Good("""
            actors443 {
              https.bind = "10.0.0.1:443"
              cluster {
                enabled = on, secret = "01234567890123456789012345678901", bind = "10.0.0.1:2552", transports = [https, dot-netty]
                seed-nodes = ["10.0.0.1:2552", "10.0.0.2:2552"]
              }
            }
            """).Core.Cluster;
        // Akka.Cluster has nobody in it whose addresses are of another protocol.
        Assert.Equal(ClusterTransport.DotNetty, moved.Addresses);
        Assert.Equal("10.0.0.1:2552", ClusterHocon.NameOf(moved));
        string hocon = ClusterHocon.Node(moved, "system", moved.SeedNodes);
        Assert.Contains("""enabled-transports = ["akka.remote.actors443"]""", hocon, StringComparison.Ordinal);
        Assert.Contains("dot-netty = beside", hocon, StringComparison.Ordinal);
        Assert.Contains("""seed-nodes = ["akka.ssl.tcp://system@10.0.0.1:2552", "akka.ssl.tcp://system@10.0.0.2:2552"]""", hocon, StringComparison.Ordinal);

        ClusterSettings after = moved with { Transports = [ClusterTransport.Https] };
        Assert.Equal("10.0.0.1:2552", ClusterHocon.NameOf(after));
        Assert.Contains("dot-netty = address", ClusterHocon.Node(after, "system", after.SeedNodes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("enabled = on, public-hostname = a", "test.conf:1: actors443.cluster.secret: is needed in a cluster: at least 32 bytes that all nodes share (openssl rand -base64 48 > cluster.secret); write secret = \"file:cluster.secret\"")]
    [InlineData("enabled = on, public-hostname = a, secret = short", "test.conf:1: actors443.cluster.secret: is shorter than 32 bytes; write one that cannot be guessed (openssl rand -base64 48)")]
    [InlineData("enabled = on, public-hostname = a, secret = \"file:none\"", "test.conf:1: actors443.cluster.secret: 'none' does not exist; correct the name or the permissions")]
    [InlineData("enabled = on, secret = \"01234567890123456789012345678901\", bind = \"0.0.0.0:2552\"", "test.conf:1: actors443.cluster.public-hostname: is needed with bind = \"0.0.0.0:2552\", which is every address; write the one by which the other nodes reach this one")]
    [InlineData("seed-nodes = [node-1]", "test.conf:1: actors443.cluster.seed-nodes[0]: 'node-1' is no host with a port; write a host with a port, such as \"10.0.0.1:443\" or \"node-1.internal:443\"")]
    [InlineData("discovery { contacts = [nodes.internal] }", "test.conf:1: actors443.cluster.discovery.contacts[0]: 'nodes.internal' is no host with a port; write a host with a port, such as \"10.0.0.1:443\" or \"node-1.internal:443\"")]
    [InlineData("discovery { required = 0 }", "test.conf:1: actors443.cluster.discovery.required: 0 is out of range; write a whole number from 1 to 1000")]
    [InlineData("discovery { stable-for = 1ms }", "test.conf:1: actors443.cluster.discovery.stable-for: 1ms is too short; write 1s or more")]
    [InlineData("enabled = on, public-hostname = \"10.0.0.9\", secret = \"01234567890123456789012345678901\", seed-nodes = [\"10.0.0.1:2552\"], discovery.contacts = [\"nodes:2552\"]", "test.conf:1: actors443.cluster.seed-nodes: say whom this node joins, and so does discovery.contacts; leave one of the two out")]
    [InlineData("enabled = on, secret = \"01234567890123456789012345678901\", public-hostname = node-1, discovery.contacts = [\"nodes:2552\"]", "test.conf:1: actors443.cluster.public-hostname: is the name 'node-1', and nodes that find each other by discovery.contacts know each other by address; write the address of this node, or same")]
    [InlineData("enabled = on, secret = \"01234567890123456789012345678901\", seed-nodes = [\"10.0.0.1:443\"]", "test.conf:1: actors443.cluster.public-hostname: is needed with https.bind = \"[::]:443\", which is every address; write the one by which the other nodes reach this one")]
    [InlineData("transports = [dot-netty]", "test.conf:1: actors443.cluster.bind: is needed with dot-netty; write where the other nodes reach this one, such as bind = \"10.0.0.1:2552\"")]
    [InlineData("transports = [https, https]", "test.conf:1: actors443.cluster.transports: must be [https], [dot-netty], or [https, dot-netty]: https with the nodes that speak it, and dot-netty with the others")]
    [InlineData("bind = \"10.0.0.1:2552\", transports = [dot-netty, https]", "test.conf:1: actors443.cluster.transports: must be [https], [dot-netty], or [https, dot-netty]: https with the nodes that speak it, and dot-netty with the others")]
    [InlineData("bind = \"10.0.0.1:2552\", transports = [https, dot-netty], addresses = https", "test.conf:1: actors443.cluster.addresses: is https, and transports has dot-netty, whose addresses the nodes then have; write dot-netty, or auto")]
    [InlineData("transports = [https], addresses = dot-netty", "test.conf:1: actors443.cluster.bind: is needed with addresses = dot-netty; write what it was with dot-netty, such as bind = \"10.0.0.1:2552\"")]
    [InlineData("public-port = 0", "test.conf:1: actors443.cluster.public-port: 0 is out of range; write a whole number from 1 to 65535")]
    [InlineData("limits { interval = 0s }", "test.conf:1: actors443.cluster.limits.interval: 0s is too short; write 1ms or more")]
    [InlineData("limits { enabled = maybe }", "test.conf:1: actors443.cluster.limits.enabled: 'maybe' is neither on nor off; write on or off")]
    [InlineData("seeds = []", "test.conf:1: unknown key 'actors443.cluster.seeds'; see reference.conf for the keys known here")]
    public void What_is_wrong_is_named_with_what_to_write(string text, string expected) => Assert.Equal([expected], Problems($"actors443.cluster {{ {text} }}"));
}
