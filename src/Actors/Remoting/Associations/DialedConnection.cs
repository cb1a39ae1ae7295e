using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Engine.Portable;
using Actors443.Remoting.Frames;
using Actors443.Remoting.Identity;
using Actors443.Tls;
using Akka.Dispatch;
using Akka.Remote.Transport;

namespace Actors443.Remoting.Associations;

/// <summary>A connection to another node on which both have proved who they are.</summary>
internal sealed class DialedConnection : IAsyncDisposable
{
    private readonly DialedStream _stream;
    private readonly SslStream _tls;
    private readonly OutboundWire _wire;
    private readonly long _since = Stopwatch.GetTimestamp();

    private DialedConnection(DialedStream stream, SslStream tls, OutboundWire wire, Association greeting, string name, int generation)
    {
        _stream = stream;
        _tls = tls;
        _wire = wire;
        Greeting = greeting;
        Certificate = (X509Certificate2)tls.RemoteCertificate!;
        Name = name;
        Generation = generation;
        Remote = PlainAddress.Of(stream.Socket.RemoteEndPoint);
        Id = ConnectionId.ToText(ConnectionId.Next());
    }

    /// <summary>Unique in the process, with those of all others.</summary>
    public string Id { get; }

    /// <summary>By which who they are was said: the association that begins, or nothing more.</summary>
    public Association Greeting { get; }

    public OutboundWire Wire => _wire;

    /// <summary>Of the other.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Of the association, as the other has it; empty: it has none.</summary>
    public string Name { get; }

    /// <summary>Of the identity that was shown.</summary>
    public int Generation { get; }

    public IPEndPoint Remote { get; }

    /// <summary>Runs what writes to it.</summary>
    public static void RunNear(IRunnable work) => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);

    /// <param name="settings">Of the system.</param>
    /// <param name="identity">Shown, and wanted.</param>
    /// <param name="peer">Whom to reach.</param>
    /// <param name="counts">Of the system.</param>
    /// <param name="continues">The name of the association that is to go on here; empty: one begins.</param>
    /// <param name="cancellationToken">The system stops.</param>
    /// <exception cref="InvalidAssociationException">Not connected, not trusted, or refused: why.</exception>
    public static async Task<DialedConnection> OpenAsync(RemotingSettings settings, IdentitySource identity, PeerAddress peer, AssociationCounts counts, string continues, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(settings.ConnectTimeout);
        Socket? socket = null;
        SslStream? tls = null;
        string? refusal = null;
        bool? isSpoken = null;
        try
        {
            socket = await DialAsync(settings, peer, patience.Token);
            var stream = new DialedStream(socket);
            tls = new SslStream(stream);
            int generation = identity.Generation;
            await tls.AuthenticateAsClientAsync(identity.Current.Connecting(peer.PlainHost, protocol => (isSpoken = protocol == RemotingProtocol.Alpn) == true, problem => refusal = problem), patience.Token);
            var wire = new OutboundWire(tls);
            // Not by a turn of the association's: whoever goes on here writes as soon as there is an answer, and one at a time may.
            wire.Output.Write(new ControlFrame(ControlKind.Hello, RemotingProtocol.Version, settings.Known.ToString(), peer.ToString(), continues).Encode());
            await wire.Output.FlushAsync(patience.Token);
            var association = new Association(wire, RunNear, settings, counts);
            // The other answers here when what it has still to send has gone by the former connection; given up after that, nothing could go on.
            if (continues.Length > 0)
                patience.CancelAfter(Timeout.InfiniteTimeSpan);
            ControlFrame answer = await association.ReadControlAsync(patience.Token);
            if (answer.Kind == ControlKind.Refused && answer.TextAt(0).EndsWith(ControlFrame.NotHere, StringComparison.Ordinal))
                throw new NotSpokenException($"{peer} refuses this node: {answer.TextAt(0)}");
            if (answer.Kind != ControlKind.Welcome)
                throw new InvalidAssociationException($"{peer} refuses this node: {(answer.Kind == ControlKind.Refused ? answer.TextAt(0) : "it answers something else")}");
            return new DialedConnection(stream, tls, wire, association, answer.TextAt(2), generation);
        }
        catch (Exception cause) when (cause is AuthenticationException or IOException or SocketException or OperationCanceledException or InvalidDataException or InvalidAssociationException or ObjectDisposedException)
        {
            if (tls is not null)
                await tls.DisposeAsync();
            socket?.Dispose();
            if (cause is InvalidAssociationException)
                throw;
            if (isSpoken == false)
                throw new NotSpokenException($"{peer} does not speak {RemotingProtocol.Name}: it is another kind of server, or its remoting is another transport", cause);
            string why = Explain(cause, peer, refusal, settings, cancellationToken);
            throw isSpoken == true || cancellationToken.IsCancellationRequested || HandshakeFailure.AlertOf(cause) is not (null or (byte)TlsAlert.NoApplicationProtocol or (byte)TlsAlert.UnrecognizedName or (byte)TlsAlert.ProtocolVersion)
                ? new InvalidAssociationException(why, cause)
                : new NotSpokenException(why, cause);
        }
    }

    /// <summary>In order, once all that was said on it has come: ours is the first end, and the other's is waited for.</summary>
    public async Task EndAsync(TimeSpan patience)
    {
        using var enough = new CancellationTokenSource(patience);
        try
        {
            await _wire.EndOutputAsync();
            while (await _wire.Input.ReadAsync(enough.Token) is { IsCompleted: false } read)
                _wire.Input.AdvanceTo(read.Buffer.End);
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The other has been faster.
        }

        await DisposeAsync();
    }

    /// <summary>Now.</summary>
    public void Cut() => _stream.Socket.Close(0);

    public ConnectionSnapshot Snapshot(PeerAddress peer)
    {
        TimeSpan age = Stopwatch.GetElapsedTime(_since);
        return new ConnectionSnapshot
        {
            Id = Id,
            Listener = DialedConnectionsActor.Listener,
            State = ConnectionState.Upgraded,
            Remote = Remote,
            Age = age,
            Idle = age,
            ServerName = peer.PlainHost,
            ApplicationProtocol = RemotingProtocol.Name,
            TlsVersion = _tls.SslProtocol,
            CipherSuite = _tls.NegotiatedCipherSuite,
            Resumed = false,
            ClientCertificate = Certificate.Subject,
            Principal = peer.ToString(),
            Requests = 0,
            RequestsInFlight = 0,
            BytesRead = _stream.BytesRead,
            BytesWritten = _stream.BytesWritten,
        };
    }

    public ValueTask DisposeAsync() => _wire.DisposeAsync();

    private static async Task<Socket> DialAsync(RemotingSettings settings, PeerAddress peer, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(peer.PlainHost, out IPAddress? written) ? [written] : await System.Net.Dns.GetHostAddressesAsync(peer.PlainHost, cancellationToken);
        SocketException? last = null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(settings.DialTimeout);
        foreach (IPAddress address in addresses.Where(address => settings.Bind is null || settings.Bind.AddressFamily == address.AddressFamily))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                if (settings.Bind is { } from)
                    socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(new IPEndPoint(address, settings.PortOf(peer)), patience.Token);
                return socket;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                socket.Dispose();
                last = new SocketException((int)SocketError.TimedOut);
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
