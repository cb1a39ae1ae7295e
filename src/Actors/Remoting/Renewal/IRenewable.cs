using Actors443.Remoting.Associations;

namespace Actors443.Remoting.Renewal;

/// <summary>An association whose ends can show each other their certificates anew. Thread-safe.</summary>
internal interface IRenewable
{
    /// <summary>With whom.</summary>
    PeerAddress Peer { get; }

    Association Association { get; }

    /// <summary><see cref="Identity.IdentitySource.Generation"/> as it was when they last did.</summary>
    int Generation { get; }

    /// <summary>Does it, or has the other side do it; then <see cref="Generation"/> says so.</summary>
    /// <exception cref="Akka.Remote.Transport.InvalidAssociationException">It came to nothing, and all is as it was.</exception>
    Task RenewAsync(CancellationToken cancellationToken);
}
