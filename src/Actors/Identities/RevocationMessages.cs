using Actors443.Cluster.Messages;
using Actors443.Connections;
using Akka.Actor;

namespace Actors443.Identities;

/// <summary>To the actor of revoked identities: revoke it, or take that back. Answers <see cref="IdentityChanged"/>.</summary>
internal sealed record ChangeIdentity(Identity Identity, bool Revoked, string? Reason) : INoSerializationVerificationNeeded;

/// <param name="Fact">For the other nodes; null: nothing has changed.</param>
/// <param name="Cut">What is cut on this node: the other nodes need not wait for it.</param>
/// <param name="Refusal">Why nothing was done; null: it was.</param>
internal sealed record IdentityChanged(RevocationFact? Fact, Task<IdentitiesCut> Cut, string? Refusal = null) : INoSerializationVerificationNeeded;

/// <summary>To the actor of revoked identities, from another node: these facts. Answers <see cref="IdentitiesCut"/>.</summary>
/// <param name="Facts">As <see cref="RevocationFact.Encode"/> gives them.</param>
internal sealed record ApplyFacts(IReadOnlyList<string> Facts) : IClusterMessage;

/// <param name="Connections">Connections that were told to end.</param>
/// <param name="Tunnels">Tunnels that were told to end, those of these connections included.</param>
/// <param name="Problem">What did not go as it should; null: nothing.</param>
internal sealed record IdentitiesCut(int Connections, int Tunnels, string? Problem = null) : IClusterMessage;

/// <summary>To the actor of revoked identities: answer <see cref="RevokedIdentitiesReady"/> once the file was read.</summary>
internal sealed record AwaitRevokedIdentities
{
    public static AwaitRevokedIdentities Instance { get; } = new();
}

/// <param name="Problem">Why it could not be; null: it was.</param>
internal sealed record RevokedIdentitiesReady(string? Problem);

/// <summary>On the event stream: there are facts that were not known before.</summary>
internal sealed record RevocationFactsChanged : INoSerializationVerificationNeeded
{
    public static RevocationFactsChanged Instance { get; } = new();
}

/// <summary>To the directory, a listener or a connection supervisor: close the connections of these; answers how many there were.</summary>
internal sealed record CutIdentities(RevokedSet Revoked) : INoSerializationVerificationNeeded
{
    /// <summary>For the actor of a connection.</summary>
    public static Close CloseFor(RevokedIdentity revoked) => new(CloseReason.Revoked, revoked.Detail);
}

/// <summary>To the tunnel supervisor: answer how many tunnels these have.</summary>
internal sealed record CountTunnels(RevokedSet Revoked) : INoSerializationVerificationNeeded;

/// <summary>To the tunnel supervisor: end the tunnels of these that there still are; answers how many.</summary>
internal sealed record CutTunnels(RevokedSet Revoked) : INoSerializationVerificationNeeded;
