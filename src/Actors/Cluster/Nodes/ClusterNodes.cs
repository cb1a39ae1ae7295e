using System.Globalization;
using Actors443.Supervision;
using Akka.Actor;
using Akka.Cluster;

namespace Actors443.Cluster.Nodes;

/// <summary>The nodes that serve, and how to ask all of them at once. Thread-safe.</summary>
internal sealed class ClusterNodes(ActorSystem system)
{
    private static readonly string Path = $"/user/{ActorNames.Root}/{ActorNames.Cluster}/";

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(system);

    /// <summary>This node.</summary>
    public string Self => NameOf(_cluster.SelfAddress);

    /// <summary>All that serve, whether they can be reached or not, the oldest first.</summary>
    public IReadOnlyList<Member> Members =>
        [.. _cluster.State.Members.Where(member => member.HasRole(ClusterHocon.Role)).OrderBy(member => member, Member.AgeOrdering)];

    /// <summary>As settings write it: <c>host:port</c>.</summary>
    public static string NameOf(Address address) => $"{address.Host}:{address.Port}";

    /// <summary>Of an actor below <c>/user/actors443/cluster</c> of a node that need not be a member.</summary>
    /// <param name="self">The address of this node.</param>
    /// <param name="node">The name of that one.</param>
    /// <param name="actor">Name of the actor.</param>
    public static ActorPath PathOn(Address self, string node, string actor) => ActorPath.Parse(AddressOf(self, node) + Path + actor);

    /// <summary>Of a node that need not be a member.</summary>
    /// <param name="self">The address of this node.</param>
    /// <param name="node">The name of that one.</param>
    public static Address AddressOf(Address self, string node)
    {
        int colon = node.LastIndexOf(':');
        return new Address(self.Protocol, self.System, node[..colon], int.Parse(node[(colon + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>Of an actor below <c>/user/actors443/cluster</c> of this node.</summary>
    public static string PathHere(string actor) => Path + actor;

    /// <summary>Nodes that are up and do not leave, in no order.</summary>
    public IEnumerable<Member> Staying => Members.Where(member => member.Status is MemberStatus.Up or MemberStatus.WeaklyUp);

    public bool IsReachable(Member member) => !_cluster.State.Unreachable.Contains(member);

    /// <summary>Asks an actor of every node that a name may be of; those that do not answer in time are answered for by null.</summary>
    /// <param name="actor">Name of the actor below <c>/user/actors443/cluster</c>.</param>
    /// <param name="question">A message between nodes.</param>
    /// <param name="within">For each answer.</param>
    /// <param name="asks">Which nodes; null: all.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async Task<IReadOnlyList<NodeAnswer<T>>> AskAllAsync<T>(string actor, object question, TimeSpan within, Func<string, bool>? asks = null, CancellationToken cancellationToken = default)
        where T : class => await Task.WhenAll(Members
            .Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving or MemberStatus.WeaklyUp && asks?.Invoke(NameOf(member.Address)) != false)
            .Select(member => AskAsync<T>(member.Address, actor, question, within, cancellationToken)));

    /// <summary>Asks an actor of one node; if it does not answer in time, it is answered for by null.</summary>
    /// <param name="address">Of the node.</param>
    /// <param name="actor">Name of the actor below <c>/user/actors443/cluster</c>.</param>
    /// <param name="question">A message between nodes.</param>
    /// <param name="within">For the answer.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async Task<NodeAnswer<T>> AskAsync<T>(Address address, string actor, object question, TimeSpan within, CancellationToken cancellationToken = default)
        where T : class
    {
        try
        {
            return new(NameOf(address), await system.ActorSelection(new RootActorPath(address) + Path + actor).Ask<T>(question, within, cancellationToken));
        }
        catch (AskTimeoutException)
        {
            return new(NameOf(address), null);
        }
    }
}

/// <param name="Node">Its name.</param>
/// <param name="Answer">Null: it did not answer in time.</param>
internal sealed record NodeAnswer<T>(string Node, T? Answer);
