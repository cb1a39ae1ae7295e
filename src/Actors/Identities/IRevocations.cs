namespace Actors443.Identities;

/// <summary>
/// Who may not come in any more, on every node of the cluster (without one: here). <c>system.GetRevocations()</c> finds it, and so does a web host's dependency injection.
/// Kept in the state directory of every node, and told to nodes that come later. Thread-safe.
/// </summary>
public interface IRevocations
{
    /// <summary>All that are revoked, as this node knows it, in no order.</summary>
    IReadOnlyList<RevokedIdentity> All { get; }

    /// <summary>Whether it is revoked, as this node knows it; null: it is not. Costs a look-up: an application may ask before it names a principal.</summary>
    RevokedIdentity? Find(Identity identity);

    /// <summary>
    /// Refuses it from now on and cuts what is live of it: connections by <see cref="Connections.CloseReason.Revoked"/>, and tunnels. A certificate is refused in the handshake, an account
    /// or a token as if it were unknown; a connection whose principal is named afterwards is cut then.
    /// </summary>
    /// <param name="identity">Whom.</param>
    /// <param name="reason">Told in lists and obituaries, never to the client; null: nothing to say.</param>
    /// <param name="cancellationToken">Gives up waiting for the answers; what was begun goes on.</param>
    /// <exception cref="InvalidOperationException">There are too many already; the message says what to do.</exception>
    Task<RevocationReport> RevokeAsync(Identity identity, string? reason = null, CancellationToken cancellationToken = default);

    /// <summary>Takes a revocation back: newcomers are let in again.</summary>
    /// <param name="identity">Whose.</param>
    /// <param name="cancellationToken">Gives up waiting for the answers; what was begun goes on.</param>
    /// <returns>Null: it was not revoked.</returns>
    Task<RevocationReport?> UndoAsync(Identity identity, CancellationToken cancellationToken = default);
}

/// <summary>What came of a change.</summary>
/// <param name="Nodes">Those that have it in force, with what they cut; without a cluster the one.</param>
/// <param name="Silent">Nodes that did not answer in time: they have it in force as soon as they can be reached.</param>
public sealed record RevocationReport(IReadOnlyList<NodeRevocation> Nodes, IReadOnlyList<string> Silent)
{
    /// <summary>Connections that were told to end, on all nodes that answered.</summary>
    public int Connections => Nodes.Sum(node => node.Connections);

    /// <summary>Tunnels that were told to end, on all nodes that answered.</summary>
    public int Tunnels => Nodes.Sum(node => node.Tunnels);
}

/// <summary>What a node did.</summary>
/// <param name="Node">Its name; null: there is no cluster.</param>
/// <param name="Connections">Connections that were told to end.</param>
/// <param name="Tunnels">Tunnels that were told to end, those on these connections included.</param>
/// <param name="Problem">What did not go as it should: it could not be kept on disk, perhaps; null: nothing.</param>
public sealed record NodeRevocation(string? Node, int Connections, int Tunnels, string? Problem = null);
