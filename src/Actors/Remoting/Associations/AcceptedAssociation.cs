using Actors443.Connections;
using Actors443.Engine;
using Actors443.Remoting.Frames;
using Actors443.Remoting.Identity;
using Actors443.Routing;

namespace Actors443.Remoting.Associations;

/// <summary>
/// An association that another node has begun, on a connection of the https listener. TLS has shown by then that a trusted CA has issued its certificate; here it says who it is and whom it
/// wants, and nothing of it reaches Akka before the certificate has proved that.
/// </summary>
internal sealed class AcceptedAssociation(RemotingDoor door, EngineConnection connection, IRoutedClient client) : ICarriedProtocol
{
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Association? _association;

    /// <summary>Completes when it has ended.</summary>
    public Task Over => _over.Task;

    public string? Route => null;

    public string? Upstream => null;

    /// <summary>Akka itself says something again and again, and ends what is not answered.</summary>
    public TimeSpan? Idle => null;

    public TimeSpan? Age => null;

    public void Drain() => End("the connection is drained");

    public void Stop() => End("the connection is closed");

    public void Break() => Volatile.Read(ref _association)?.Break();

    /// <summary>In order.</summary>
    public void End(string reason) => Volatile.Read(ref _association)?.End(ControlKind.Goodbye, reason);

    public async Task RunAsync()
    {
        // By the certificate of whose system it came in; which it wants, it says first.
        if (door.SystemOf(connection.ServerName) is not { } shown || connection.ClientCertificate is null)
        {
            connection.Abort(CloseReason.ServerClosed, "the actor system has ended");
            return;
        }

        var association = new Association(client, connection.RunNear, shown.Settings, shown.Counts);
        Volatile.Write(ref _association, association);
        connection.Carry(this);
        if (!await connection.IsOwnedAsync(CancellationToken.None))
            return;
        try
        {
            (PeerAddress? peer, Actors443Transport? system, CloseReason reason, string? problem) = await GreetAsync(association, shown);
            if (peer is null || system is null)
            {
                await RefuseAsync(association, reason, problem!);
                return;
            }

            connection.Principal = peer.ToString();
            door.Peers.Learn(connection.Remote.Address);
            if (connection.TryBecomeNode())
                door.Admission.BecomesNode(connection.Remote.Address);
            await CarryAsync(association, system, peer);
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or ObjectDisposedException)
        {
            connection.SetReason(CloseReason.ClientReset);
        }
    }

    private async Task CarryAsync(Association association, Actors443Transport system, PeerAddress peer)
    {
        if (await system.AcceptAsync(this, peer, association) is not { } handle)
        {
            await RefuseAsync(association, CloseReason.ServerClosed, "the actor system does not listen");
            return;
        }

        door.Metrics.Associated();
        try
        {
            await association.RunAsync(handle.ReadHandlerSource.Task, body =>
            {
                HandshakePdu.Check(body, peer);
                return false;
            });
        }
        finally
        {
            system.Left(this, peer, association);
            _over.TrySetResult();
        }

        if (association is { HasFailed: true, EndedBecause: { } why })
            connection.SetReason(CloseReason.ProtocolError, why);
        else
            connection.SetOrderlyReason(association.EndedBecause is null ? CloseReason.ServerClosed : CloseReason.ClientClosed);
    }

    private async Task<(PeerAddress? Peer, Actors443Transport? System, CloseReason Reason, string? Problem)> GreetAsync(Association association, Actors443Transport shown)
    {
        using var patience = new CancellationTokenSource(shown.Settings.ConnectTimeout);
        ControlFrame hello;
        try
        {
            hello = await association.ReadControlAsync(patience.Token);
        }
        catch (InvalidDataException cause)
        {
            return (null, null, CloseReason.ProtocolError, cause.Message);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return (null, null, CloseReason.HandshakeTimeout, $"it has not said who it is within {shown.Settings.ConnectTimeout.TotalSeconds} s");
        }

        if (hello.Kind != ControlKind.Hello || !PeerAddress.TryParse(hello.TextAt(1), out PeerAddress? peer) || !PeerAddress.TryParse(hello.TextAt(2), out PeerAddress? wanted))
            return (null, null, CloseReason.ProtocolError, "it begins with something else than who it is and whom it wants");
        if (hello.TextAt(0) != RemotingProtocol.Version)
            return (null, null, CloseReason.ProtocolError, $"it speaks version {hello.TextAt(0)} of {RemotingProtocol.Name}, and this node version {RemotingProtocol.Version}");
        if (!PeerRules.IsFor(connection.ClientCertificate!, peer.PlainHost))
            return (null, null, CloseReason.ClientCertificateRejected, $"it says that it is {peer}, and its certificate is not for {peer.PlainHost} (it is for {string.Join(", ", Certificates.CertificateValidation.NamesOf(connection.ClientCertificate!))})");
        if (door.SystemAt(wanted) is not { } system)
            return (null, null, CloseReason.ProtocolError, $"{wanted} is not reached here");
        // What one system trusts is not for the others.
        if (!ReferenceEquals(system, shown) && !system.Identity.Current.TrustsTheSameAs(shown.Identity.Current))
            return (null, null, CloseReason.ClientCertificateRejected, $"it has proved who it is to {shown.Settings.Public}, and wants {wanted}, which trusts others; ask for that by its name (SNI)");
        return door.Revoked.Current.Find(Identities.Identity.Principal(peer.ToString())) is { } revoked
            ? (null, null, CloseReason.ClientCertificateRevoked, $"{peer} is revoked: {revoked.Detail}")
            : (peer, system, CloseReason.None, null);
    }

    private async Task RefuseAsync(Association association, CloseReason reason, string problem)
    {
        door.Metrics.Refused(reason);
        connection.SetReason(reason, problem);
        association.End(ControlKind.Refused, problem);
        await association.FarewellAsync();
    }
}
