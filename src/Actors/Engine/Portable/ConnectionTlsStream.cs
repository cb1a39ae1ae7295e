using System.Net.Security;
using Actors443.Connections;
using Actors443.Tls;

namespace Actors443.Engine.Portable;

/// <summary>The TLS stream of a connection, which notices that the client has said goodbye (close_notify, RFC 8446 6.1).</summary>
internal sealed class ConnectionTlsStream(Stream transport, PortableConnection connection) : SslStream(transport, leaveInnerStreamOpen: false), IClientVerdictSink
{
    void IClientVerdictSink.Refused(ClientVerdict verdict)
    {
        (CloseReason reason, string? detail) = verdict.ToReason(null);
        // What SslStream says itself is told otherwise.
        if (reason != CloseReason.ClientCertificateRejected || detail is not null)
            connection.SetReason(reason, detail);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> read = base.ReadAsync(buffer, cancellationToken);
        // The pipe above waits with an empty buffer first, so that what follows, the end included, is there at once.
        if (buffer.IsEmpty || !read.IsCompletedSuccessfully)
            return read;
        int count = read.Result;
        if (count == 0)
            connection.PeerEnded();
        else
            connection.Decrypted();
        return new ValueTask<int>(count);
    }
}
