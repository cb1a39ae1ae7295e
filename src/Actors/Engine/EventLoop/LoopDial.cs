using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Actors443.Connections;
using Actors443.Engine.Dialing;
using Actors443.Engine.EventLoop.Tls;
using Actors443.Routing;

namespace Actors443.Engine.EventLoop;

/// <summary>One connection that this side makes: its socket, then TLS, both on one loop. The loop's thread alone moves it on; whoever waits for it may be on any.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Its connection disposes of it at its end.")]
internal sealed class LoopDial(ConnectionLoop home, LoopOrigin origin, DialRequest request)
{
    private readonly TaskCompletionSource<DialedClient> _secured = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClientTlsSession? _tls;
    private LoopConnection? _connection;
    private bool _isGivenUp;

    public ConnectionLoop Home => home;

    public LoopOrigin Origin => origin;

    public DialRequest Request => request;

    /// <summary>There once it is connected.</summary>
    public ClientTlsSession Tls => _tls!;

    public IReadOnlyList<SslApplicationProtocol> Protocols { get; } = [request.Tls.Protocol];

    /// <inheritdoc cref="IDialer.DialAsync"/>
    public async Task<DialedClient> RunAsync(CancellationToken cancellationToken)
    {
        LoopEgress egress = await request.ConnectAsync((wanted, enough) => home.Egress.ConnectAsync(wanted.To, wanted.From, enough), cancellationToken);
        try
        {
            // A millisecond of OpenSSL's: not on the loop.
            _tls = new ClientTlsSession(request.Tls);
        }
        catch (AuthenticationException cause)
        {
            egress.Dispose();
            throw new DialException(CloseReason.InternalError, cause.Message, alert: null, cause);
        }

        home.Loop.Post(new LoopWork(() => Begin(egress)));
        try
        {
            await using (cancellationToken.UnsafeRegister(static dial => ((LoopDial)dial!).GiveUp(), this))
                return await _secured.Task;
        }
        catch (DialException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>By the connection, with TLS agreed upon: until whoever has dialled is done with it.</summary>
    public Task ServeAsync(EngineConnection connection, IRoutedClient client)
    {
        var dialed = new DialedClient(connection, client);
        _secured.TrySetResult(dialed);
        return dialed.Released;
    }

    /// <summary>By the connection: it is over. Without effect on one that was served.</summary>
    public void Ended(LoopConnection connection)
    {
        Tls.Dispose();
        _secured.TrySetException(new DialException(connection.Reason, connection.ReasonDetail, connection.PeerAlert));
    }

    private void Begin(LoopEgress egress)
    {
        int descriptor = home.Loop.IsCurrent ? egress.TakeSocket() : -1;
        if (descriptor < 0)
        {
            egress.Dispose();
            Tls.Dispose();
            // Its loop has ended, or the socket has been given up.
            _secured.TrySetException(new SocketException((int)SocketError.OperationAborted));
            return;
        }

        var connection = new LoopConnection(this, descriptor, LoopSockets.LocalOf(descriptor) ?? new IPEndPoint(IPAddress.Any, 0));
        Volatile.Write(ref _connection, connection);
        Interlocked.MemoryBarrier();
        connection.StartDialed();
        if (Volatile.Read(ref _isGivenUp))
            connection.Abort(CloseReason.HandshakeTimeout);
    }

    // Whichever of the two is later sees the other.
    private void GiveUp()
    {
        Volatile.Write(ref _isGivenUp, true);
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _connection)?.Abort(CloseReason.HandshakeTimeout);
    }
}
