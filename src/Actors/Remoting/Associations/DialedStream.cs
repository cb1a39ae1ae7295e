using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Actors443.Remoting.Associations;

/// <summary>The socket of a connection that this node has made, with a count of what goes over it.</summary>
internal sealed class DialedStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private long _read;
    private long _written;

    /// <summary>Bytes, as TLS records.</summary>
    public long BytesRead => Volatile.Read(ref _read);

    /// <summary>Bytes, as TLS records.</summary>
    public long BytesWritten => Volatile.Read(ref _written);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await base.ReadAsync(buffer, cancellationToken);
        Volatile.Write(ref _read, _read + count);
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Volatile.Write(ref _written, _written + buffer.Length);
        return base.WriteAsync(buffer, cancellationToken);
    }
}
