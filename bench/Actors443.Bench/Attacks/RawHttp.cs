using System.Net;
using System.Text;
using RawTls = Actors443.Testing.TlsClient;

namespace Actors443.Bench.Attacks;

/// <summary>Bytes as a client of HTTP/1.1 might send them, and all that comes back.</summary>
internal static class RawHttp
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long an open connection is quiet when nothing more is to come.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);

    /// <summary>The server has ended the connection, or has said nothing for a while.</summary>
    public static async Task<string> SendAsync(int port, byte[] bytes, IPAddress? from = null)
    {
        await using RawTls client = await RawTls.ConnectAsync(port, from: from);
        try
        {
            await client.Stream.WriteAsync(bytes);
        }
        catch (IOException)
        {
            // Refused before it was all said: the answer is there.
        }

        return await ReadAsync(client.Stream);
    }

    /// <inheritdoc cref="SendAsync(int, byte[], IPAddress?)"/>
    public static Task<string> SendAsync(int port, string text, IPAddress? from = null) => SendAsync(port, Encoding.Latin1.GetBytes(text), from);

    /// <summary>The same without TLS.</summary>
    public static async Task<string> SendPlainAsync(int port, string text)
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text));
        return await ReadAsync(client.GetStream());
    }

    /// <summary>The code of the first answer; 0: there is none.</summary>
    public static int StatusOf(string answer) => answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && int.TryParse(answer.AsSpan(9, 3), out int status) ? status : 0;

    private static async Task<string> ReadAsync(Stream stream)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                using var patience = new CancellationTokenSource(text.Length == 0 ? Patience : Quiet);
                int count = await stream.ReadAsync(buffer, patience.Token);
                if (count == 0)
                    break;
                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException)
        {
            // The end, or quiet.
        }

        return text.ToString();
    }
}
