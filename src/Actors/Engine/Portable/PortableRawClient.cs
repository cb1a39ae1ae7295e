using System.IO.Pipelines;
using System.Net.Sockets;
using Actors443.Routing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Actors443.Engine.Portable;

/// <summary>
/// A connection that is led elsewhere as it comes. It is written to the socket itself: Kestrel's own output has no end that leaves the input open, and does not tell when all is sent.
/// </summary>
internal sealed class PortableRawClient : IRoutedClient
{
    private const int ReadAtOnce = 32 * 1024;

    private readonly Socket _socket;

    public PortableRawClient(ConnectionContext transport, PortableConnection connection)
    {
        _socket = transport.Features.Get<IConnectionSocketFeature>()!.Socket;
        Input = PipeReader.Create(new DuplexPipeStream(transport.Transport, connection), new StreamPipeReaderOptions(bufferSize: ReadAtOnce, leaveOpen: true));
        Output = PipeWriter.Create(new CountedStream(_socket, connection), new StreamPipeWriterOptions(leaveOpen: true));
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public ValueTask EndOutputAsync()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
        {
            // It is over both ways already, which whoever reads is told.
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask CompleteAsync()
    {
        await Input.CompleteAsync();
        await Output.CompleteAsync();
    }

    private sealed class CountedStream(Socket socket, PortableConnection connection) : NetworkStream(socket, ownsSocket: false)
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            connection.CountWritten(buffer.Length);
            return base.WriteAsync(buffer, cancellationToken);
        }
    }
}
