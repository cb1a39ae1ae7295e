using System.Buffers;
using System.IO.Pipelines;
using Actors443.Admission;
using Actors443.Connections;
using Actors443.ProxyProtocol;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Connections;

namespace Actors443.Engine.Portable;

/// <summary>Before the ClientHello, where a trusted proxy says whose connection it brings.</summary>
internal static class PortableProxyHeader
{
    /// <summary>False: the connection is over, and its reason set.</summary>
    public static async Task<bool> ReadAsync(ConnectionContext transport, PortableConnection connection, IAcceptGate gate, ConnectionMetrics metrics)
    {
        PipeReader input = transport.Transport.Input;
        while (true)
        {
            ReadResult result = await input.ReadAsync();
            ReadOnlySequence<byte> buffer = result.Buffer;
            switch (TryRead(buffer, out ProxyHeader? header, out int length, out string? problem))
            {
                case ProxyHeaderStatus.Complete:
                    input.AdvanceTo(buffer.GetPosition(length));
                    return Take(header!, transport, connection, gate, metrics);
                case ProxyHeaderStatus.Incomplete when !result.IsCompleted && !result.IsCanceled:
                    input.AdvanceTo(buffer.Start, buffer.End);
                    continue;
                case ProxyHeaderStatus.Incomplete:
                    input.AdvanceTo(buffer.End);
                    connection.PeerEnded();
                    connection.SetReason(CloseReason.ClientClosed, "before a whole PROXY header");
                    return false;
                default:
                    input.AdvanceTo(buffer.End);
                    connection.SetReason(CloseReason.MalformedProxyHeader, problem);
                    return false;
            }
        }
    }

    private static ProxyHeaderStatus TryRead(in ReadOnlySequence<byte> buffer, out ProxyHeader? header, out int length, out string? problem)
    {
        if (buffer.IsSingleSegment)
            return ProxyHeaderReader.TryRead(buffer.FirstSpan, out header, out length, out problem);
        Span<byte> together = stackalloc byte[(int)Math.Min(buffer.Length, ProxyHeaderReader.MaximumLength)];
        buffer.Slice(0, together.Length).CopyTo(together);
        return ProxyHeaderReader.TryRead(together, out header, out length, out problem);
    }

    private static bool Take(ProxyHeader header, ConnectionContext transport, PortableConnection connection, IAcceptGate gate, ConnectionMetrics metrics)
    {
        if (header.Source is { } client && gate.TryName(client.Address) is not CloseReason.None and var refusal)
        {
            metrics.Refused(refusal);
            connection.SetReason(refusal, $"{client.Address}, named by a proxy");
            return false;
        }

        connection.NamedBy(header);
        transport.Features.Set<IProxyProtocolFeature>(connection.Proxied);
        transport.RemoteEndPoint = connection.Remote;
        transport.LocalEndPoint = connection.Local;
        return true;
    }
}
