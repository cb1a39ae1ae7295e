using System.Buffers;
using System.IO.Pipelines;
using System.Net;

namespace Actors443.Tunnels.Egress;

/// <summary>
/// The connection to a target. One reader and one writer at a time; <see cref="Close"/> from any thread, after which everything pending ends. What goes wrong is told as
/// <see cref="System.Net.Sockets.SocketException"/>.
/// </summary>
internal abstract class EgressSocket : IDisposable
{
    /// <summary>A read that fills less than this is not worth a turn of its own while there is more.</summary>
    protected const int LeastRoom = 4 * 1024;

    private const int MostBeforeFlush = 64 * 1024;

    /// <summary>What was connected to.</summary>
    public abstract IPEndPoint Remote { get; }

    /// <summary>Completes when there is something to receive: bytes, the end or a failure. Holds no memory meanwhile.</summary>
    public abstract ValueTask WaitAsync();

    /// <summary>Bytes received; 0: the target has ended its side; -1: there is nothing yet.</summary>
    public abstract int Receive(Span<byte> bytes);

    /// <summary>Takes what there is, up to what is worth a flush, and writes it to a pipe without flushing it.</summary>
    /// <returns>How much; whether the target has ended its side.</returns>
    public virtual (int Length, bool IsOver) Receive(PipeWriter output)
    {
        int length = 0;
        while (length < MostBeforeFlush)
        {
            Span<byte> room = output.GetSpan(LeastRoom);
            int count = Receive(room);
            if (count <= 0)
                return (length, count == 0);
            output.Advance(count);
            length += count;
            if (count < room.Length)
                break;
        }

        return (length, false);
    }

    /// <summary>Completes when the kernel has taken all of it.</summary>
    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte})"/>
    public virtual async ValueTask SendAsync(ReadOnlySequence<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> part in bytes)
            await SendAsync(part);
    }

    /// <summary>Nothing more is sent; what the target sends still comes.</summary>
    public abstract void EndSending();

    /// <summary>Ends it. Idempotent.</summary>
    /// <param name="reset">The target is told that it was cut (RST), not that it is over.</param>
    public abstract void Close(bool reset);

    public void Dispose() => Close(reset: false);
}
