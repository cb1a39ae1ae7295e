using System.Net.Sockets;

namespace Actors443.Server.Tunnels;

/// <summary>The near end of a client's tunnel: a socket, or standard input and output.</summary>
internal sealed class LocalEnd(Stream input, Stream output, Action endOutput) : IAsyncDisposable
{
    public Stream Input => input;

    public Stream Output => output;

    public static LocalEnd Of(Socket socket)
    {
        var stream = new NetworkStream(socket, ownsSocket: true);
        return new LocalEnd(stream, stream, () => socket.Shutdown(SocketShutdown.Send));
    }

    public static LocalEnd OfProcess()
    {
        Stream output = Console.OpenStandardOutput();
        return new LocalEnd(Console.OpenStandardInput(), output, output.Close);
    }

    /// <summary>Nothing more comes for it; it may still speak.</summary>
    public void EndOutput()
    {
        try
        {
            endOutput();
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException or IOException)
        {
            // It is gone, which whoever reads from it is told.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await input.DisposeAsync();
        await output.DisposeAsync();
    }
}
