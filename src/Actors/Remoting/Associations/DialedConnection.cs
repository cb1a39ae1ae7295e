using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Engine.Dialing;
using Actors443.Engine.Portable;
using Actors443.Remoting.Frames;
using Actors443.Remoting.Identity;
using Actors443.Routing;
using Actors443.Tls;
using Akka.Remote.Transport;

namespace Actors443.Remoting.Associations;

/// <summary>A connection to another node on which both have proved who they are. An actor owns it from its first byte on, as that of any client; <see cref="Release"/> it in any case.</summary>
internal sealed class DialedConnection
{
    private readonly DialedClient _dialed;
    private readonly CarriedAssociation _carried;

    private DialedConnection(DialedClient dialed, CarriedAssociation carried, string name, int generation)
    {
        _dialed = dialed;
        _carried = carried;
        Name = name;
        Generation = generation;
    }

    public EngineConnection Connection => _dialed.Connection;

    public IRoutedClient Wire => _dialed.Client;

    /// <summary>By which who they are was said: the association that begins, or nothing more. Else the one that goes on here.</summary>
    public Association Association
    {
        get => _carried.Association!;
        set => _carried.Association = value;
    }

    /// <summary>Of the other.</summary>
    public X509Certificate2 Certificate => Connection.ClientCertificate!;

    /// <summary>Of the association, as the other has it; empty: it has none.</summary>
    public string Name { get; }

    /// <summary>Of the identity that was shown.</summary>
    public int Generation { get; }

    public IPEndPoint Remote => Connection.Remote;

    /// <param name="dialer">By what.</param>
    /// <param name="settings">Of the system.</param>
    /// <param name="identity">Shown, and wanted.</param>
    /// <param name="peer">Whom to reach.</param>
    /// <param name="counts">Of the system.</param>
    /// <param name="continues">The name of the association that is to go on here; empty: one begins.</param>
    /// <param name="cancellationToken">The system stops.</param>
    /// <exception cref="InvalidAssociationException">Not connected, not trusted, or refused: why.</exception>
    public static async Task<DialedConnection> OpenAsync(PeerDialer dialer, RemotingSettings settings, IdentitySource identity, PeerAddress peer, AssociationCounts counts, string continues, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(settings.ConnectTimeout);
        DialedClient? dialed = null;
        try
        {
            int generation = identity.Generation;
            dialed = await DialAsync(dialer, settings, identity.Current.Connecting(peer.PlainHost), peer, patience.Token);
            var carried = new CarriedAssociation(dialed.Connection, dialed.Client) { Association = new Association(dialed.Client, dialed.Connection.RunNear, settings, counts) };
            dialed.Connection.Carry(carried);
            dialed.Connection.Principal = peer.ToString();
            if (dialer.Owners is not null && !await dialed.Connection.IsOwnedAsync(patience.Token))
                throw new IOException("nobody took the connection over");
            string name = await GreetAsync(carried.Association, dialed.Client, settings, peer, continues, patience);
            // Whoever reads goes on upon the loop of the connection, which is no place for Akka.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            return new DialedConnection(dialed, carried, name, generation);
        }
        catch (Exception cause) when (cause is AuthenticationException or IOException or SocketException or OperationCanceledException or InvalidDataException or InvalidAssociationException or ObjectDisposedException)
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            InvalidAssociationException failure = Explain(cause, peer, dialed?.Connection, settings, cancellationToken);
            GiveUp(dialed, failure, cause);
            throw failure;
        }
    }

    /// <summary>In order, once all that was said on it has come: ours is the first end, and the other's is waited for.</summary>
    public async Task EndAsync(TimeSpan patience)
    {
        _carried.MovedAway();
        using var enough = new CancellationTokenSource(patience);
        try
        {
            await Wire.EndOutputAsync();
            while (await Wire.Input.ReadAsync(enough.Token) is { IsCompleted: false } read)
                Wire.Input.AdvanceTo(read.Buffer.End);
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The other has been faster.
        }

        Release();
    }

    /// <summary>Now.</summary>
    public void Cut(CloseReason reason, string? detail) => Connection.Abort(reason, detail);

    /// <summary>Nobody reads or writes any more.</summary>
    public void Release()
    {
        _carried.SetReason();
        _dialed.Release();
    }

    private static async Task<DialedClient> DialAsync(PeerDialer dialer, RemotingSettings settings, ClientTls tls, PeerAddress peer, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(peer.PlainHost, out IPAddress? written) ? [written] : await System.Net.Dns.GetHostAddressesAsync(peer.PlainHost, cancellationToken);
        SocketException? last = null;
        foreach (IPAddress address in addresses.Where(address => settings.Bind is null || settings.Bind.AddressFamily == address.AddressFamily))
        {
            try
            {
                var request = new DialRequest(PeerDialer.Name, new IPEndPoint(address, settings.PortOf(peer)), settings.Bind, tls, settings.DialTimeout, settings.ConnectTimeout, dialer.Owners);
                return await dialer.Engine.DialAsync(request, cancellationToken);
            }
            catch (SocketException cause)
            {
                last = cause;
            }
        }

        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <returns>The name of the association, as the other has it.</returns>
    private static async Task<string> GreetAsync(Association association, IRoutedClient wire, RemotingSettings settings, PeerAddress peer, string continues, CancellationTokenSource patience)
    {
        // Not by a turn of the association's: whoever goes on here writes as soon as there is an answer, and one at a time may.
        wire.Output.Write(new ControlFrame(ControlKind.Hello, RemotingProtocol.Version, settings.Known.ToString(), peer.ToString(), continues).Encode());
        await wire.Output.FlushAsync(patience.Token);
        // The other answers here when what it has still to send has gone by the former connection; given up after that, nothing could go on.
        if (continues.Length > 0)
            patience.CancelAfter(Timeout.InfiniteTimeSpan);
        ControlFrame answer = await association.ReadControlAsync(patience.Token);
        if (answer.Kind == ControlKind.Welcome)
            return answer.TextAt(2);
        if (answer.Kind == ControlKind.Refused && answer.TextAt(0).EndsWith(ControlFrame.NotHere, StringComparison.Ordinal))
            throw new NotSpokenException($"{peer} refuses this node: {answer.TextAt(0)}");
        throw new InvalidAssociationException($"{peer} refuses this node: {(answer.Kind == ControlKind.Refused ? answer.TextAt(0) : "it answers something else")}");
    }

    private static void GiveUp(DialedClient? dialed, InvalidAssociationException failure, Exception cause)
    {
        if (dialed is null)
            return;
        dialed.Connection.SetReason(cause is OperationCanceledException ? CloseReason.HandshakeTimeout : cause is InvalidDataException ? CloseReason.ProtocolError : CloseReason.HandshakeFailed, failure.Message);
        dialed.Release();
    }

    private static InvalidAssociationException Explain(Exception cause, PeerAddress peer, EngineConnection? connection, RemotingSettings settings, CancellationToken cancellationToken)
    {
        if (cause is InvalidAssociationException said)
            return said;
        var failed = cause as DialException;
        // With TLS 1.3 the other side looks at our certificate when we are done already, and its alert comes as an answer.
        byte? alert = failed is not null ? failed.Alert : connection?.PeerAlert ?? HandshakeFailure.AlertOf(cause);
        if (failed is { Reason: CloseReason.NoApplicationProtocol, Alert: null })
            return new NotSpokenException($"{peer} does not speak {RemotingProtocol.Name}: it is another kind of server, or its remoting is another transport", cause);
        string why = cause switch
        {
            DialException { IsOurs: true } => $"{peer} is not trusted: {cause.Message}",
            _ when alert is { } number => $"{peer} refuses this node: {TlsAlertNames.Of(number)}",
            DialException => $"{peer}: no TLS with it ({cause.Message.TrimEnd('.')})",
            OperationCanceledException when cancellationToken.IsCancellationRequested => $"{peer}: this node stops",
            OperationCanceledException => $"{peer} did not answer within {settings.ConnectTimeout.TotalSeconds} s",
            SocketException socket => $"{peer} cannot be connected to: {socket.SocketErrorCode}",
            InvalidDataException => $"{peer} answers with {cause.Message}",
            _ => $"{peer}: {cause.Message.TrimEnd('.')}",
        };
        bool isSpoken = connection is not null || failed is { IsOurs: true };
        return isSpoken || cancellationToken.IsCancellationRequested || alert is not (null or (byte)TlsAlert.NoApplicationProtocol or (byte)TlsAlert.UnrecognizedName or (byte)TlsAlert.ProtocolVersion)
            ? new InvalidAssociationException(why, cause)
            : new NotSpokenException(why, cause);
    }
}
