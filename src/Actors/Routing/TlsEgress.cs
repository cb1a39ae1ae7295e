using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Actors443.Tunnels.Egress;

namespace Actors443.Routing;

/// <summary>A connection to an upstream that speaks TLS.</summary>
internal sealed class TlsEgress : EgressSocket
{
    private const int ReadAtOnce = 16 * 1024;

    private readonly EgressSocket _socket;
    private readonly SslStream _tls;
    private byte[]? _received;
    private int _start;
    private int _end;
    private bool _isOver;

    private TlsEgress(EgressSocket socket, SslStream tls)
    {
        _socket = socket;
        _tls = tls;
    }

    public override IPEndPoint Remote => _socket.Remote;

    /// <exception cref="AuthenticationException">The upstream is not who it must be, or does not speak TLS as it must.</exception>
    /// <exception cref="IOException">It ended the connection.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. The socket is closed with each of these.</exception>
    public static async Task<TlsEgress> ConnectAsync(EgressSocket socket, SslClientAuthenticationOptions options, CancellationToken cancellationToken)
    {
        var tls = new SslStream(new EgressStream(socket));
        try
        {
            await using CancellationTokenRegistration giveUp = cancellationToken.UnsafeRegister(static socket => ((EgressSocket)socket!).Close(reset: true), socket);
            await tls.AuthenticateAsClientAsync(options, CancellationToken.None);
            return new TlsEgress(socket, tls);
        }
        catch
        {
            await tls.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    public override async ValueTask WaitAsync()
    {
        if (_isOver || _start < _end)
            return;
        // Nothing is held while there is nothing.
        int none = await _tls.ReadAsync(Memory<byte>.Empty);
        Debug.Assert(none == 0, "There is no room for any.");
        _received ??= ArrayPool<byte>.Shared.Rent(ReadAtOnce);
        _start = 0;
        _end = await _tls.ReadAsync(_received);
        _isOver = _end == 0;
    }

    public override int Receive(Span<byte> bytes)
    {
        int count = Math.Min(bytes.Length, _end - _start);
        if (count == 0)
            return _isOver ? 0 : -1;
        _received.AsSpan(_start, count).CopyTo(bytes);
        _start += count;
        if (_start == _end)
        {
            ArrayPool<byte>.Shared.Return(_received!);
            _received = null;
        }

        return count;
    }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => _tls.WriteAsync(bytes);

    public override void EndSending() => _ = SayGoodbyeAsync();

    public override void Close(bool reset) => _socket.Close(reset);

    private async Task SayGoodbyeAsync()
    {
        try
        {
            await _tls.ShutdownAsync();
        }
        catch (Exception cause) when (cause is IOException or InvalidOperationException or NotSupportedException or System.Net.Sockets.SocketException)
        {
            // It is over both ways already, or something is still being written: whoever receives is told.
        }
    }
}
