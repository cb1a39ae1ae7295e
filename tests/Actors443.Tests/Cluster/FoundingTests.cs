using Actors443.Cluster.Founding;
using Actors443.Configuration;
using Actors443.Testing;

namespace Actors443.Tests.Cluster;

public sealed class FoundingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(1, 2, false)]
    [InlineData(2, 2, true)]
    [InlineData(1, 3, false)]
    [InlineData(2, 3, true)]
    [InlineData(2, 4, false)]
    [InlineData(3, 4, true)]
    public void Most_of_the_nodes_that_there_were_found_the_cluster_again(int outside, int nodes, bool may) => Assert.Equal(may, FoundingActor.AreMost(outside, nodes));

    [Fact]
    public void The_nodes_are_kept_and_the_same_ones_are_not_written_again()
    {
        var known = new KnownNodes(_folder.Path);
        Assert.Empty(known.Read());
        known.Write(["b:2", "a:1"]);
        Assert.Equal(["a:1", "b:2"], new KnownNodes(_folder.Path).Read());
        File.Delete(known.Path);
        known.Write(["a:1", "b:2"]);
        Assert.False(File.Exists(known.Path));
        known.Write(["a:1"]);
        Assert.Equal(["a:1"], known.Read());
    }

    [Theory]
    [InlineData("127.0.0.1:2552", "127.0.0.1:2552,127.0.0.1:2553", true)]
    [InlineData("127.0.0.1:2552", "127.0.0.1:2552", false)]
    [InlineData("127.0.0.1:2553", "127.0.0.1:2552,127.0.0.1:2553", false)]
    [InlineData("127.0.0.1:2552", "", false)]
    public void Only_the_first_seed_node_hears_others_first_and_only_if_there_were_some(string first, string nodes, bool hears)
    {
        var known = new KnownNodes(_folder.Path);
        if (nodes.Length > 0)
            known.Write(nodes.Split(','));
        Assert.Equal(hears, new KnownNodes(_folder.Path).HearsOthersFirst(new ClusterSettings { Enabled = true, Transports = [ClusterTransport.DotNetty], Addresses = ClusterTransport.DotNetty, SeedNodes = [first, "127.0.0.1:9"] }));
    }
}
