using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Actors443.Bench;

/// <summary>A client that costs the server what it is told to and no more.</summary>
internal static class TlsClient
{
    private static readonly byte[] Request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray();

    public static SslClientAuthenticationOptions Options(bool resume) => new()
    {
        TargetHost = "localhost",
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = resume,
        // The benchmark's own server on loopback, whose CA is made anew each time.
        RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
    };

    public static async Task<SslStream> ConnectAsync(int port, SslClientAuthenticationOptions options, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(options, cancellationToken);
        return stream;
    }

    /// <summary>Handshake, one request, close: <paramref name="count"/> times by <paramref name="workers"/> at once.</summary>
    public static Task HandshakesAsync(int port, int count, int workers, bool resume) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(async () =>
        {
            SslClientAuthenticationOptions options = Options(resume);
            var buffer = new byte[4096];
            for (int i = 0; i < count / workers; i++)
            {
                await using SslStream stream = await ConnectAsync(port, options);
                await stream.WriteAsync(Request);
                int total = 0;
                for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
                    total += read;
                if (total == 0)
                    throw new InvalidOperationException("No answer.");
            }
        })));

    /// <summary>A real ClientHello, from a client that is never answered.</summary>
    public static async Task<byte[]> CaptureHelloAsync()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var stop = new CancellationTokenSource();
        Task client = ConnectAsync(((IPEndPoint)listener.LocalEndPoint!).Port, Options(resume: false), stop.Token);
        using Socket accepted = await listener.AcceptAsync();
        var buffer = new byte[4096];
        int length = await accepted.ReceiveAsync(buffer);
        await stop.CancelAsync();
        accepted.Close(0);
        await client.ContinueWith(static _ => { }, TaskScheduler.Default);
        return buffer[..length];
    }
}
