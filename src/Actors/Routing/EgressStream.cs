using Actors443.Engine;
using Actors443.Tunnels.Egress;

namespace Actors443.Routing;

/// <summary>The connection to an upstream as a stream, for TLS to be spoken on it. One reader and one writer at a time.</summary>
internal sealed class EgressStream(EgressSocket socket) : DuplexStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            await socket.WaitAsync();
            // Who asks for nothing wants to know when there is something.
            if (buffer.IsEmpty)
                return 0;
            int count = socket.Receive(buffer.Span);
            if (count >= 0)
                return count;
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => socket.SendAsync(buffer);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            socket.Dispose();
        base.Dispose(disposing);
    }
}
