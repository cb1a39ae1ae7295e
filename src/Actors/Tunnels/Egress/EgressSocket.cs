using System.Net;

namespace Actors443.Tunnels.Egress;

/// <summary>
/// The connection to a target. One reader and one writer at a time; <see cref="Close"/> from any thread, after which everything pending ends. What goes wrong is told as
/// <see cref="System.Net.Sockets.SocketException"/>.
/// </summary>
internal abstract class EgressSocket : IDisposable
{
    /// <summary>What was connected to.</summary>
    public abstract IPEndPoint Remote { get; }

    /// <summary>Completes when there is something to receive: bytes, the end or a failure. Holds no memory meanwhile.</summary>
    public abstract ValueTask WaitAsync();

    /// <summary>Bytes received; 0: the target has ended its side; -1: there is nothing yet.</summary>
    public abstract int Receive(Span<byte> bytes);

    /// <summary>Completes when the kernel has taken all of it.</summary>
    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Nothing more is sent; what the target sends still comes.</summary>
    public abstract void EndSending();

    /// <summary>Ends it. Idempotent.</summary>
    /// <param name="reset">The target is told that it was cut (RST), not that it is over.</param>
    public abstract void Close(bool reset);

    public void Dispose() => Close(reset: false);
}
