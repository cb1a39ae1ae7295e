using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Actors443.Testing;

/// <summary>One TLS connection to 127.0.0.1 that speaks just enough HTTP/1.1, with every step in the hands of the test. Trusts every server.</summary>
public sealed class TlsClient : IAsyncDisposable
{
    private readonly TcpClient _tcp;

    private TlsClient(TcpClient tcp, SslStream stream)
    {
        _tcp = tcp;
        Stream = stream;
    }

    /// <summary>The decrypted side.</summary>
    public SslStream Stream { get; }

    /// <summary>As the server's snapshots name this client.</summary>
    public IPEndPoint Local => (IPEndPoint)_tcp.Client.LocalEndPoint!;

    /// <summary>The server's certificate.</summary>
    public X509Certificate2 ServerCertificate => (X509Certificate2)Stream.RemoteCertificate!;

    /// <summary>Connects and ends the handshake.</summary>
    /// <param name="port">Of 127.0.0.1.</param>
    /// <param name="serverName">Server name to ask for; empty: none.</param>
    /// <param name="protocols">TLS versions to offer; none: the system's choice.</param>
    /// <param name="configure">More to set.</param>
    /// <param name="wrap">A stream to put between socket and TLS.</param>
    /// <param name="from">The address to come from; null: the system's choice.</param>
    /// <param name="receiveBuffer">Bytes that the system holds for it; null: the system's choice.</param>
    public static async Task<TlsClient> ConnectAsync(
        int port,
        string serverName = "localhost",
        SslProtocols protocols = SslProtocols.None,
        Action<SslClientAuthenticationOptions>? configure = null,
        Func<Stream, Stream>? wrap = null,
        IPAddress? from = null,
        int? receiveBuffer = null)
    {
        var tcp = new TcpClient(AddressFamily.InterNetwork) { NoDelay = true };
        SslStream? tls = null;
        try
        {
            if (receiveBuffer is { } size)
                tcp.ReceiveBufferSize = size;
            if (from is not null)
                tcp.Client.Bind(new IPEndPoint(from, 0));
            await tcp.ConnectAsync(IPAddress.Loopback, port);
            tls = new SslStream(wrap?.Invoke(tcp.GetStream()) ?? tcp.GetStream());
            var options = new SslClientAuthenticationOptions
            {
                TargetHost = serverName,
                EnabledSslProtocols = protocols,
                RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
            };
            configure?.Invoke(options);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            await tls.AuthenticateAsClientAsync(options, patience.Token);
            return new TlsClient(tcp, tls);
        }
        catch
        {
            if (tls is not null)
                await tls.DisposeAsync();
            tcp.Dispose();
            throw;
        }
    }

    /// <summary>One GET and its answer.</summary>
    /// <exception cref="IOException">The server ended the connection before the answer was whole.</exception>
    public async Task<HttpAnswer> GetAsync(string path = "/", string host = "localhost")
    {
        await SendAsync($"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        return await ReadAnswerAsync();
    }

    /// <summary>Writes text as it is.</summary>
    public async Task SendAsync(string text) => await Stream.WriteAsync(Encoding.ASCII.GetBytes(text));

    /// <summary>Reads one answer that has a Content-Length or none.</summary>
    public async Task<HttpAnswer> ReadAnswerAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (head.Length < 4 || head.ToString(head.Length - 4, 4) != "\r\n\r\n")
        {
            if (await Stream.ReadAsync(one, patience.Token) == 0)
                throw new IOException($"The server ended the connection within the head of its answer: {head}");
            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, string> headers = lines.Skip(1)
            .Select(line => line.Split(": ", 2))
            .GroupBy(pair => pair[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(pair => pair[1])), StringComparer.OrdinalIgnoreCase);
        int length = headers.TryGetValue("Content-Length", out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        byte[] body = new byte[length];
        await Stream.ReadExactlyAsync(body, patience.Token);
        return new HttpAnswer(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers, Encoding.UTF8.GetString(body));
    }

    /// <summary>Reads until the server ends the connection, in order or by reset; answers whether that was within <paramref name="within"/> (30 s).</summary>
    public async Task<bool> EndsAsync(TimeSpan? within = null)
    {
        using var patience = new CancellationTokenSource(within ?? TimeSpan.FromSeconds(30));
        byte[] buffer = new byte[4096];
        try
        {
            while (await Stream.ReadAsync(buffer, patience.Token) > 0)
            {
                // What was still to come.
            }

            return true;
        }
        catch (IOException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Ends the client's side in order: close_notify (RFC 8446 6.1), then FIN.</summary>
    public async Task EndAsync()
    {
        await Stream.ShutdownAsync();
        _tcp.Client.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Cuts the connection by a reset.</summary>
    public void Reset() => _tcp.Client.Close(0);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        _tcp.Dispose();
    }
}

/// <summary>An HTTP/1.1 answer.</summary>
/// <param name="Status">Its code.</param>
/// <param name="Headers">Without regard to case; repeated ones joined by commas.</param>
/// <param name="Body">As UTF-8.</param>
public sealed record HttpAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body);
