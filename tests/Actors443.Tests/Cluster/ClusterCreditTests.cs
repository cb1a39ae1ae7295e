using Actors443.Cluster.Nodes;

namespace Actors443.Tests.Cluster;

public sealed class ClusterCreditTests
{
    [Fact]
    public void Nobody_else_has_no_say() => Assert.Null(ClusterCredit.Of([]));

    [Fact]
    public void Those_that_leave_or_start_themselves_have_no_say() =>
        Assert.Null(ClusterCredit.Of([Node(new() { Phase = "draining", Credit = 100 }), Node(new() { Phase = "starting", Credit = 100 })]));

    [Fact]
    public void The_fullest_says_how_many_each_can_take() =>
        Assert.Equal(60, ClusterCredit.Of([Node(new() { Phase = "running", Ready = true, Credit = 100 }), Node(new() { Phase = "running", Ready = true, Credit = 30 }), Node(new() { Phase = "stopped" })]));

    [Fact]
    public void One_that_does_not_answer_is_not_ready_or_does_not_say_can_take_none()
    {
        NodeAnswer<NodeStatus> good = Node(new() { Phase = "running", Ready = true, Credit = 100 });

        Assert.Equal(0, ClusterCredit.Of([good, new("silent", null)]));
        Assert.Equal(0, ClusterCredit.Of([good, Node(new() { Phase = "running", Credit = 100 })]));
        Assert.Equal(0, ClusterCredit.Of([good, Node(new() { Phase = "running", Ready = true })]));
    }

    private static NodeAnswer<NodeStatus> Node(NodeStatus status) => new("10.0.0.1:2552", status);
}
