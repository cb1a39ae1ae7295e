using System.Net.Security;
using Actors443.Admission;
using Actors443.Connections;
using Actors443.Engine.Http2;
using Actors443.Tls;

namespace Actors443.Engine.Portable;

/// <summary>The TLS stream of a connection, which notices that the client has said goodbye (close_notify, RFC 8446 6.1).</summary>
internal sealed class ConnectionTlsStream(Stream transport, PortableConnection connection) : SslStream(transport, leaveInnerStreamOpen: false), IClientVerdictSink
{
    private AdmissionGate? _admission;

    /// <summary>After the handshake: its client has shown no good certificate. Nothing may come of it but a word.</summary>
    public bool IsRefused { get; private set; }

    bool IClientVerdictSink.TellsInWords => true;

    void IClientVerdictSink.Refused(ClientVerdict verdict, ClientCertificateVerifier by)
    {
        IsRefused = true;
        (CloseReason reason, string? detail) = by.Explain(verdict, null);
        // What SslStream says itself is told otherwise.
        if (reason != CloseReason.ClientCertificateRejected || detail is not null)
            connection.SetReason(reason, detail);
    }

    /// <summary>HTTP/2 is spoken from now on: every frame is looked at, and with a flood of them reading fails; what is said to it begins with SETTINGS.</summary>
    /// <param name="admission">Counts floods.</param>
    public void Watch(AdmissionGate admission) => _admission = admission;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        connection.AsksForPlaintext();
        ValueTask<int> read = base.ReadAsync(buffer, cancellationToken);
        // The pipe above waits with an empty buffer first, so that what follows, the end included, is there at once.
        if (buffer.IsEmpty || (!read.IsCompletedSuccessfully && _admission is null))
            return read;
        return read.IsCompletedSuccessfully ? new ValueTask<int>(Seen(read.Result, buffer.Span)) : Awaited(read, buffer);

        async ValueTask<int> Awaited(ValueTask<int> pending, Memory<byte> destination) => Seen(await pending, destination.Span);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        connection.Http2?.Say(buffer.Span);
        return connection.Http2?.LacksPreface(buffer.Span) == true ? WithPrefaceAsync(buffer, cancellationToken) : base.WriteAsync(buffer, cancellationToken);
    }

    private async ValueTask WithPrefaceAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        await base.WriteAsync(ServerPreface.Settings, cancellationToken);
        await base.WriteAsync(buffer, cancellationToken);
    }

    private int Seen(int count, ReadOnlySpan<byte> bytes)
    {
        if (count == 0)
        {
            connection.PeerEnded();
            return 0;
        }

        connection.Decrypted();
        if (_admission is null || connection.Http2!.Hear(bytes[..count]) is not { } flood)
            return count;
        connection.Floods(flood);
        _admission.Flooded(connection.Remote.Address);
        throw CalmDown.Because(flood);
    }
}
