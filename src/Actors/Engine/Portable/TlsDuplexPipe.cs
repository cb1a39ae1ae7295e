using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;

namespace Actors443.Engine.Portable;

/// <summary>The decrypted side of a connection.</summary>
internal sealed class TlsDuplexPipe(SslStream stream, MemoryPool<byte> pool) : IDuplexPipe
{
    // A read of zero bytes comes first, so that an idle connection holds no buffer.
    public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(pool, leaveOpen: true, useZeroByteReads: true));

    public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(pool, leaveOpen: true));
}
