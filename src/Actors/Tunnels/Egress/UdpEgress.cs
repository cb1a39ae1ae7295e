using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Actors443.Tunnels.Egress;

/// <summary>A target of UDP (RFC 9298), told and heard in capsules. Its socket is connected, so that the kernel drops what others send.</summary>
internal sealed class UdpEgress : EgressSocket
{
    private readonly Socket _socket;
    private readonly CapsuleReader _capsules = new();
    private readonly byte[] _peek = new byte[1];
    private byte[]? _rest;
    private int _restStart;
    private int _restEnd;
    private volatile bool _isOver;

    public UdpEgress(Socket socket, IPEndPoint remote)
    {
        _socket = socket;
        Remote = remote;
        socket.Blocking = false;
    }

    public override IPEndPoint Remote { get; }

    // Not an empty read: with UDP that would take a packet.
    public override async ValueTask WaitAsync()
    {
        if (_rest is not null || _isOver)
            return;
        try
        {
            await _socket.ReceiveAsync(_peek, SocketFlags.Peek);
        }
        catch (SocketException cause) when (cause.SocketErrorCode == SocketError.MessageSize)
        {
            // There is more than the one byte.
        }
        catch (Exception cause) when (_isOver && cause is SocketException or ObjectDisposedException)
        {
            // Receive tells it.
        }
    }

    /// <inheritdoc/>
    /// <remarks>0 only when the client has ended: UDP has no end of its own.</remarks>
    public override int Receive(Span<byte> bytes)
    {
        if (_rest is not null)
            return TakeRest(bytes);
        if (_isOver)
            return 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(CapsuleReader.LargestPayload + 1);
        int length = _socket.Receive(buffer.AsSpan(), SocketFlags.None, out SocketError error);
        if (error != SocketError.Success)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return error == SocketError.WouldBlock ? -1 : throw new SocketException((int)error);
        }

        // Room of 4 KiB holds the header in any case.
        int header = CapsuleReader.WriteHeader(bytes, length);
        int fits = Math.Min(length, bytes.Length - header);
        buffer.AsSpan(0, fits).CopyTo(bytes[header..]);
        if (fits == length)
            ArrayPool<byte>.Shared.Return(buffer);
        else
            (_rest, _restStart, _restEnd) = (buffer, fits, length);
        return header + fits;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">What is sent breaks the rules of capsules.</exception>
    public override async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (_capsules.TryRead(ref bytes, out ReadOnlyMemory<byte> payload))
            await SendPacketAsync(payload);
    }

    /// <summary>Whoever says no more wants to hear no more (RFC 9298 3.1).</summary>
    public override void EndSending()
    {
        _isOver = true;
        Close(reset: false);
    }

    public override void Close(bool reset) => _socket.Dispose();

    // UDP may lose packets, and these the path or the kernel does not take.
    private async ValueTask SendPacketAsync(ReadOnlyMemory<byte> payload)
    {
        try
        {
            await _socket.SendAsync(payload, SocketFlags.None);
        }
        catch (SocketException cause) when (cause.SocketErrorCode is SocketError.MessageSize or SocketError.NoBufferSpaceAvailable)
        {
            // Lost.
        }
    }

    private int TakeRest(Span<byte> bytes)
    {
        int count = Math.Min(_restEnd - _restStart, bytes.Length);
        _rest.AsSpan(_restStart, count).CopyTo(bytes);
        _restStart += count;
        if (_restStart == _restEnd)
        {
            ArrayPool<byte>.Shared.Return(_rest!);
            _rest = null;
        }

        return count;
    }
}
