using Actors443.Cluster.Nodes;
using Akka.Actor;

namespace Actors443.Identities;

/// <summary>Revocations by this node, and by the others of the cluster.</summary>
/// <param name="supervisor">The root.</param>
/// <param name="revoked">As published on this node.</param>
/// <param name="nodes">Null: there is no cluster.</param>
internal sealed class Revocations(Task<IActorRef> supervisor, RevokedIdentities revoked, ClusterNodes? nodes) : IRevocations
{
    /// <summary>Of the longest reason, in characters.</summary>
    public const int LongestReason = 200;

    /// <summary>Name of the actor of other nodes below <c>/user/actors443/cluster</c>.</summary>
    public const string NodeActor = "revoked";

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan NodesAnswerWithin = TimeSpan.FromSeconds(3);

    public IReadOnlyList<RevokedIdentity> All => revoked.Current.All;

    public RevokedIdentity? Find(Identity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return revoked.Current.Find(identity);
    }

    public async Task<RevocationReport> RevokeAsync(Identity identity, string? reason = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(identity);
        if (reason?.Length > LongestReason)
            throw new ArgumentException($"A reason has {LongestReason} characters at most.", nameof(reason));
        return (await ChangeAsync(new ChangeIdentity(identity, true, reason), cancellationToken))!;
    }

    public Task<RevocationReport?> UndoAsync(Identity identity, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return ChangeAsync(new ChangeIdentity(identity, false, null), cancellationToken);
    }

    private async Task<RevocationReport?> ChangeAsync(ChangeIdentity change, CancellationToken cancellationToken)
    {
        IdentityChanged changed = await (await supervisor).Ask<IdentityChanged>(change, AnswerWithin, cancellationToken);
        if (changed.Refusal is not null)
            throw new InvalidOperationException(changed.Refusal);
        if (changed.Fact is not { } fact)
            return null;
        if (nodes is null)
            return new RevocationReport([Report(null, await changed.Cut)], []);
        IReadOnlyList<NodeAnswer<IdentitiesCut>> answers = await nodes.AskAllAsync<IdentitiesCut>(
            NodeActor, new ApplyFacts([fact.Encode()]), NodesAnswerWithin, node => node != nodes.Self, cancellationToken);
        NodeRevocation here = Report(nodes.Self, await changed.Cut);
        return new RevocationReport(
            [here, .. answers.Where(answer => answer.Answer is not null).Select(answer => Report(answer.Node, answer.Answer!))],
            [.. answers.Where(answer => answer.Answer is null).Select(answer => answer.Node)]);
    }

    private static NodeRevocation Report(string? node, IdentitiesCut cut) => new(node, cut.Connections, cut.Tunnels, cut.Problem);
}
