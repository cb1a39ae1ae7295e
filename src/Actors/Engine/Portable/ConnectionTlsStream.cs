using System.Net.Security;

namespace Actors443.Engine.Portable;

/// <summary>The TLS stream of a connection, which notices that the client has said goodbye (close_notify, RFC 8446 6.1).</summary>
internal sealed class ConnectionTlsStream(Stream transport, PortableConnection connection) : SslStream(transport, leaveInnerStreamOpen: false)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> read = base.ReadAsync(buffer, cancellationToken);
        // The pipe above waits with an empty buffer first, so that what follows, the end included, is there at once.
        if (buffer.IsEmpty || !read.IsCompletedSuccessfully)
            return read;
        int count = read.Result;
        if (count == 0)
            connection.PeerEnded();
        return new ValueTask<int>(count);
    }
}
