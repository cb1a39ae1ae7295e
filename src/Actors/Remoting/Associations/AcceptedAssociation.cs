using System.Security.Cryptography;
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
internal sealed class AcceptedAssociation(RemotingDoor door, EngineConnection connection, IRoutedClient client)
{
    private readonly CarriedAssociation _carried = new(connection, client);

    public EngineConnection Connection => connection;

    /// <summary>Another connection carries it from now on.</summary>
    public void MovedAway() => _carried.MovedAway();

    public async Task RunAsync()
    {
        // By the certificate of whose system it came in; which it wants, it says first.
        if (door.SystemOf(connection.ServerName) is not { } shown || connection.ClientCertificate is null)
        {
            connection.Abort(CloseReason.ServerClosed, "the actor system has ended");
            return;
        }

        var association = new Association(client, connection.RunNear, shown.Settings, shown.Counts);
        _carried.Association = association;
        connection.Carry(_carried);
        if (!await connection.IsOwnedAsync(CancellationToken.None))
            return;
        try
        {
            Greeting greeting = await GreetAsync(association, shown);
            if (greeting is not { Peer: { } peer, System: { } system })
            {
                await RefuseAsync(association, greeting.Reason, greeting.Problem!);
                return;
            }

            connection.Principal = peer.ToString();
            door.Peers.Learn(connection.Remote.Address);
            if (connection.TryBecomeNode())
                door.Admission.BecomesNode(connection.Remote.Address);
            if (greeting.Continues is { } name)
                await ContinueAsync(association, system, peer, name);
            else
                await BeginAsync(association, system, peer);
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or ObjectDisposedException)
        {
            connection.SetReason(CloseReason.ClientReset);
        }
    }

    private async Task BeginAsync(Association association, Actors443Transport system, PeerAddress peer)
    {
        string name = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        if (await system.AcceptAsync(peer, association, name) is not { } handle)
        {
            await RefuseAsync(association, CloseReason.ServerClosed, "the actor system does not listen");
            return;
        }

        door.Metrics.Associated();
        var inbound = new InboundAssociation(name, peer, association, this, GenerationOf(system));
        inbound.Over = system.CarryAsync(inbound, handle);
        await HoldAsync(inbound);
    }

    // The peer is the one that has begun it, by its certificate, and nobody else knows the name.
    private async Task ContinueAsync(Association greeting, Actors443Transport system, PeerAddress peer, string name)
    {
        if (system.Find(name) is not { } inbound || !inbound.Peer.IsSame(peer))
        {
            await RefuseAsync(greeting, CloseReason.ProtocolError, "there is no such association that could go on");
            return;
        }

        int generation = GenerationOf(system);
        _carried.Association = inbound.Association;
        if (!await inbound.Association.MoveAsync(client, connection.RunNear, new ControlFrame(ControlKind.Welcome, RemotingProtocol.Version, system.Settings.Known.ToString(), name)))
        {
            connection.Abort(CloseReason.ServerClosed, "the association that was to go on here has ended");
            return;
        }

        inbound.MovedTo(this, generation);
        await HoldAsync(inbound);
    }

    // What its handshake has shown is older than this.
    private int GenerationOf(Actors443Transport system) => system.Identity.GenerationSince(TimeSpan.FromMilliseconds(connection.Clock.NowMs - connection.AcceptedAtMs));

    private async Task HoldAsync(InboundAssociation inbound)
    {
        await Task.WhenAny(inbound.Over, _carried.Moved);
        if (!_carried.Moved.IsCompleted)
            await inbound.Over;
        _carried.SetReason();
    }

    private async Task<Greeting> GreetAsync(Association association, Actors443Transport shown)
    {
        using var patience = new CancellationTokenSource(shown.Settings.ConnectTimeout);
        ControlFrame hello;
        try
        {
            hello = await association.ReadControlAsync(patience.Token);
        }
        catch (InvalidDataException cause)
        {
            return Greeting.Refused(CloseReason.ProtocolError, cause.Message);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return Greeting.Refused(CloseReason.HandshakeTimeout, $"it has not said who it is within {shown.Settings.ConnectTimeout.TotalSeconds} s");
        }

        if (hello.Kind != ControlKind.Hello || !PeerAddress.TryParse(hello.TextAt(1), out PeerAddress? peer) || !PeerAddress.TryParse(hello.TextAt(2), out PeerAddress? wanted))
            return Greeting.Refused(CloseReason.ProtocolError, "it begins with something else than who it is and whom it wants");
        if (hello.TextAt(0) != RemotingProtocol.Version)
            return Greeting.Refused(CloseReason.ProtocolError, $"it speaks version {hello.TextAt(0)} of {RemotingProtocol.Name}, and this node version {RemotingProtocol.Version}");
        if (!PeerRules.IsFor(connection.ClientCertificate!, peer.PlainHost))
            return Greeting.Refused(CloseReason.ClientCertificateRejected, $"it says that it is {peer}, and its certificate is not for {peer.PlainHost} (it is for {string.Join(", ", Certificates.CertificateValidation.NamesOf(connection.ClientCertificate!))})");
        if (door.SystemAt(wanted) is not { } system)
            return Greeting.Refused(CloseReason.ProtocolError, $"{wanted} {ControlFrame.NotHere}");
        // What one system trusts is not for the others.
        if (!ReferenceEquals(system, shown) && !system.Identity.Current.TrustsTheSameAs(shown.Identity.Current))
            return Greeting.Refused(CloseReason.ClientCertificateRejected, $"it has proved who it is to {shown.Settings.Public}, and wants {wanted}, which trusts others; ask for that by its name (SNI)");
        return door.Revoked.Current.Find(Identities.Identity.Principal(peer.ToString())) is { } revoked
            ? Greeting.Refused(CloseReason.ClientCertificateRevoked, $"{peer} is revoked: {revoked.Detail}")
            : new Greeting(peer, system, hello.TextAt(3) is { Length: > 0 } name ? name : null, CloseReason.None, null);
    }

    private async Task RefuseAsync(Association association, CloseReason reason, string problem)
    {
        door.Metrics.Refused(reason);
        connection.SetReason(reason, problem);
        association.End(ControlKind.Refused, problem);
        await association.FarewellAsync();
    }

    /// <summary>What was said first.</summary>
    private readonly record struct Greeting(PeerAddress? Peer, Actors443Transport? System, string? Continues, CloseReason Reason, string? Problem)
    {
        public static Greeting Refused(CloseReason reason, string problem) => new(null, null, null, reason, problem);
    }
}
