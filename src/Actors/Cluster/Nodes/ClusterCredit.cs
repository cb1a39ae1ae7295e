namespace Actors443.Cluster.Nodes;

/// <summary>How many connections the other nodes can take from one that leaves. Stateless.</summary>
internal static class ClusterCredit
{
    // Asked every second; who does not answer in time is too busy for more.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromMilliseconds(800);

    /// <summary>Asks all; null: there is no other node that serves.</summary>
    public static async Task<long?> AskAsync(ClusterNodes nodes)
    {
        HashSet<string> others = [.. nodes.Staying.Where(nodes.IsReachable).Select(member => ClusterNodes.NameOf(member.Address))];
        others.Remove(nodes.Self);
        return Of(await nodes.AskAllAsync<NodeStatus>(NodeActor.Name, AskNodeStatus.Instance, AnswerWithin, others.Contains));
    }

    /// <summary>
    /// As many for each as the fullest can take: a load balancer that gives to all in turn fills that one first. Null: none of them serves.
    /// </summary>
    public static long? Of(IEnumerable<NodeAnswer<NodeStatus>> others)
    {
        long?[] each = [.. others.Select(other => other.Answer).Where(node => node is null or { Phase: "running" }).Select(CreditOf)];
        return each.Length == 0 ? null : each.Min() * each.Length;
    }

    private static long? CreditOf(NodeStatus? node) => node is { Ready: true } ? node.Credit ?? 0 : 0;
}
