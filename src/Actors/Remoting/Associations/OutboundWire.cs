using System.IO.Pipelines;
using System.Net.Security;
using Actors443.Routing;

namespace Actors443.Remoting.Associations;

/// <summary>A connection that this node has made to another.</summary>
internal sealed class OutboundWire(SslStream stream) : IRoutedClient, IAsyncDisposable
{
    // A record of TLS, so that none is cut into crumbs, and several of them for whoever reads.
    private const int Record = 16 * 1024;

    public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 4 * Record, minimumReadSize: Record / 4, leaveOpen: true));

    public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: Record, leaveOpen: true));

    public async ValueTask EndOutputAsync() => await stream.ShutdownAsync();

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
