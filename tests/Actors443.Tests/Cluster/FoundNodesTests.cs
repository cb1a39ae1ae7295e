using Actors443.Cluster.Discovery;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Cluster;

/// <summary>Who founds a cluster, and who joins whom, when nodes find each other.</summary>
public sealed class FoundNodesTests
{
    private static readonly TimeSpan StableFor = TimeSpan.FromSeconds(3);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void The_lowest_founds_when_all_that_are_found_are_in_none_and_have_been_the_same_for_a_while()
    {
        FoundNodes lowest = Node("a:1");
        FoundNodes other = Node("b:1");
        lowest.Found(["b:1", "a:1"]);
        other.Found(["a:1", "b:1"]);
        Assert.Equal("the answer of b:1", lowest.Next().WaitsFor);
        lowest.Answered("b:1", false);
        other.Answered("a:1", false);
        Assert.Equal("others to be found", lowest.Next().WaitsFor);

        _time.Advance(StableFor);

        Assert.True(lowest.Next().Founds);
        Assert.Equal("a:1 to found it", other.Next().WaitsFor);
    }

    [Fact]
    public void Too_few_found_nothing_and_neither_does_one_that_the_others_do_not_find()
    {
        FoundNodes alone = Node("a:1");
        alone.Found(["a:1"]);
        _time.Advance(StableFor);
        Assert.Equal("2 nodes that found it together; these are found: a:1", alone.Next().WaitsFor);

        FoundNodes unknown = Node("a:1");
        Assert.Equal("a:1, which is this node, to be among those that are found: none", unknown.Next().WaitsFor);
        unknown.Found(["b:1", "c:1"]);
        unknown.Answered("b:1", false);
        unknown.Answered("c:1", false);
        _time.Advance(StableFor);
        Assert.Equal("a:1, which is this node, to be among those that are found: b:1, c:1", unknown.Next().WaitsFor);
    }

    [Fact]
    public void Whoever_is_in_a_cluster_is_joined_whatever_the_others_say()
    {
        FoundNodes node = Node("a:1");
        node.Found(["a:1", "b:1", "c:1"]);
        node.Answered("c:1", true);

        Assert.Equal("c:1", node.Next().Join);
        // It has gone since.
        node.Found(["a:1", "b:1"]);
        Assert.Null(node.Next().Join);
    }

    [Fact]
    public void Another_that_is_found_begins_the_time_anew_and_old_answers_do_not_count()
    {
        FoundNodes node = Node("a:1");
        node.Found(["a:1", "b:1"]);
        node.Answered("b:1", false);
        _time.Advance(StableFor);
        node.Found(["a:1", "b:1", "c:1"]);
        node.Answered("c:1", false);
        Assert.Equal("others to be found", node.Next().WaitsFor);

        _time.Advance(FoundNodes.AnswersCountFor);
        node.Answered("c:1", false);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("the answer of b:1", node.Next().WaitsFor);
        node.Answered("b:1", false);
        Assert.True(node.Next().Founds);
    }

    [Fact]
    public async Task Every_address_of_a_name_is_a_node_and_a_name_that_cannot_be_found_is_told()
    {
        (IReadOnlyCollection<string> nodes, IReadOnlyCollection<string> problems) = await new ContactLookup(["localhost:2552", "192.0.2.1:1", "[2001:db8::1]:1", "no-such-name.invalid:1"]).FindAsync(CancellationToken.None);

        Assert.Contains("127.0.0.1:2552", nodes);
        Assert.Contains("192.0.2.1:1", nodes);
        Assert.Contains("[2001:db8::1]:1", nodes);
        Assert.StartsWith("no-such-name.invalid: ", Assert.Single(problems), StringComparison.Ordinal);
    }

    private FoundNodes Node(string name) => new(name, 2, StableFor, _time);
}
