using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Engine.Portable;
using Actors443.Remoting.Frames;
using Actors443.Remoting.Identity;
using Actors443.Tls;
using Akka.Remote.Transport;

namespace Actors443.Remoting.Associations;

/// <summary>An association that this node has begun: connects, proves who it is, has the other prove the same, and carries what is said until it is over.</summary>
internal sealed class DialedAssociation
{
    private readonly Socket _socket;
    private readonly OutboundWire _wire;

    private DialedAssociation(Socket socket, OutboundWire wire, Association association, PeerAddress peer, X509Certificate2 certificate)
    {
        _socket = socket;
        _wire = wire;
        Association = association;
        Peer = peer;
        Certificate = certificate;
    }

    public Association Association { get; }

    /// <summary>Whom it is with.</summary>
    public PeerAddress Peer { get; }

    /// <summary>Of the other.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>By whom, and with what, it was connected.</summary>
    public IPEndPoint? Remote { get; private init; }

    /// <exception cref="InvalidAssociationException">Not connected, not trusted, or refused: why.</exception>
    public static async Task<DialedAssociation> ConnectAsync(RemotingSettings settings, IdentitySource identity, PeerAddress peer, AssociationCounts counts, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(settings.ConnectTimeout);
        Socket? socket = null;
        SslStream? tls = null;
        string? refusal = null;
        try
        {
            socket = await DialAsync(settings, peer, patience.Token);
            tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsClientAsync(identity.Current.Connecting(peer.PlainHost, problem => refusal = problem), patience.Token);
            if (tls.NegotiatedApplicationProtocol != RemotingProtocol.Alpn)
                throw new InvalidAssociationException($"{peer} does not speak {RemotingProtocol.Name}: it is another kind of server, or its remoting is another transport");
            var wire = new OutboundWire(tls);
            var association = new Association(wire, static work => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false), settings, counts);
            association.Say(new ControlFrame(ControlKind.Hello, RemotingProtocol.Version, settings.Public.ToString(), peer.ToString()));
            ControlFrame answer = await association.ReadControlAsync(patience.Token);
            if (answer.Kind != ControlKind.Welcome)
                throw new InvalidAssociationException($"{peer} refuses this node: {(answer.Kind == ControlKind.Refused ? answer.TextAt(0) : "it answers something else")}");
            return new DialedAssociation(socket, wire, association, peer, (X509Certificate2)tls.RemoteCertificate!) { Remote = socket.RemoteEndPoint as IPEndPoint };
        }
        catch (Exception cause) when (cause is AuthenticationException or IOException or SocketException or OperationCanceledException or InvalidDataException or InvalidAssociationException or ObjectDisposedException)
        {
            if (tls is not null)
                await tls.DisposeAsync();
            socket?.Dispose();
            throw cause as InvalidAssociationException ?? new InvalidAssociationException(Explain(cause, peer, refusal, settings, cancellationToken), cause);
        }
    }

    /// <summary>Until it is over.</summary>
    public async Task RunAsync(OwnHandle handle)
    {
        try
        {
            await Association.RunAsync(handle.ReadHandlerSource.Task, look: null);
        }
        finally
        {
            await _wire.DisposeAsync();
        }
    }

    /// <summary>Now, without goodbye.</summary>
    public void Cut()
    {
        Association.Break();
        _socket.Close(0);
    }

    private static async Task<Socket> DialAsync(RemotingSettings settings, PeerAddress peer, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(peer.PlainHost, out IPAddress? written) ? [written] : await System.Net.Dns.GetHostAddressesAsync(peer.PlainHost, cancellationToken);
        SocketException? last = null;
        foreach (IPAddress address in addresses.Where(address => settings.Bind is null || settings.Bind.AddressFamily == address.AddressFamily))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                if (settings.Bind is { } from)
                    socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(new IPEndPoint(address, peer.Port), cancellationToken);
                return socket;
            }
            catch (SocketException cause)
            {
                socket.Dispose();
                last = cause;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static string Explain(Exception cause, PeerAddress peer, string? refusal, RemotingSettings settings, CancellationToken cancellationToken) => cause switch
    {
        _ when refusal is not null => $"{peer} is not trusted: {refusal}",
        // With TLS 1.3 the other side looks at our certificate when we are done already, and its alert comes as an answer.
        _ when HandshakeFailure.AlertOf(cause) is { } alert => $"{peer} refuses this node: {TlsAlertNames.Of(alert)}",
        AuthenticationException => $"{peer}: no TLS with it ({cause.Message.TrimEnd('.')})",
        OperationCanceledException when cancellationToken.IsCancellationRequested => $"{peer}: this node stops",
        OperationCanceledException => $"{peer} did not answer within {settings.ConnectTimeout.TotalSeconds} s",
        SocketException socket => $"{peer} cannot be connected to: {socket.SocketErrorCode}",
        InvalidDataException => $"{peer} answers with {cause.Message}",
        _ => $"{peer}: {cause.Message.TrimEnd('.')}",
    };
}
