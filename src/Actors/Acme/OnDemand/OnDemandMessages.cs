using System.Net;
using Actors443.Cluster.Messages;
using Actors443.Tls.Deciding;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Acme.OnDemand;

/// <summary>
/// To the actor named with <see cref="Hosting.Actors443Options.PermitCertificatesBy{TActor}"/>: may a certificate be had for this name? Answer the sender with a
/// <see cref="CertificatePermission"/>. Only within the process.
/// </summary>
/// <param name="Name">In lower case, as a client asked for it (SNI).</param>
/// <param name="Client">Who asks; null: nobody just now, the permission given before is looked at again, as it is once a day.</param>
public sealed record PermitCertificate(string Name, IPAddress? Client) : INoSerializationVerificationNeeded;

/// <summary>The answer to <see cref="PermitCertificate"/>.</summary>
/// <param name="IsGiven">A certificate may be had.</param>
/// <param name="Why">For the log; null: nothing to add.</param>
public sealed record CertificatePermission(bool IsGiven, string? Why = null) : INoSerializationVerificationNeeded
{
    /// <summary>It may.</summary>
    public static CertificatePermission Given { get; } = new(true);

    /// <summary>It may not; the name is not asked about again for a while.</summary>
    public static CertificatePermission Denied(string? why = null) => new(false, why);
}

/// <summary>To the actor: a handshake waits for a certificate for this name.</summary>
internal sealed record CertificateWanted(string Name, IPAddress Client, HandshakeReply Reply) : IDeadLetterSuppression;

/// <summary>From another node of the cluster, to the actor on the node that orders: a handshake there waits for a certificate. Answers <see cref="CertificateDecided"/>.</summary>
internal sealed record WantCertificate(string Name, string Client) : IClusterMessage;

/// <summary>To the node where a handshake waits.</summary>
/// <param name="Name">For which.</param>
/// <param name="IsServed">There is a certificate, which is on its way.</param>
/// <param name="IsRefused">Nobody could be asked, or the order failed; neither: the name may not have one.</param>
/// <param name="Detail">Why not.</param>
internal sealed record CertificateDecided(string Name, bool IsServed, bool IsRefused, string? Detail) : IClusterMessage;

/// <summary>From another node of the cluster, to the actor on the node that orders: these names are in use there.</summary>
internal sealed record NamesAskedFor(IReadOnlyList<string> Names) : IClusterMessage;

/// <summary>To the actor, of itself: what was said of a name.</summary>
/// <param name="Name">Which.</param>
/// <param name="Attempt">Which question; answers to others are late.</param>
/// <param name="Permission">Null: nobody could be asked.</param>
/// <param name="Problem">Why not.</param>
internal sealed record PermissionAnswered(string Name, long Attempt, CertificatePermission? Permission, string? Problem) : IDeadLetterSuppression;

/// <summary>To the actor: handshakes that have ended meanwhile need no answer.</summary>
internal sealed record ForgetAbandoned
{
    public static ForgetAbandoned Instance { get; } = new();
}

/// <summary>To the actor: see which names are in use, and permitted still.</summary>
internal sealed record ReviewNames
{
    public static ReviewNames Instance { get; } = new();
}
