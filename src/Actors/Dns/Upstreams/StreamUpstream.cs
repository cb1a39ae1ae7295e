using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Actors443.Dns.Upstreams;

/// <summary>
/// One server by TCP or TLS (RFC 7766, RFC 7858): one connection, on which questions go out without waiting for the answers before them, which may come in any order. It is
/// opened when there is something to ask, and again when it is gone. Thread-safe.
/// </summary>
internal sealed class StreamUpstream : IDnsUpstream
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    private readonly Func<CancellationToken, Task<Stream>> _connect;
    private readonly bool _isEncrypted;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private volatile StreamConnection? _connection;
    private volatile bool _disposed;

    private StreamUpstream(string name, bool isTrusted, bool isEncrypted, Func<CancellationToken, Task<Stream>> connect, TimeProvider time)
    {
        Name = name;
        IsTrusted = isTrusted;
        _isEncrypted = isEncrypted;
        _connect = connect;
        _time = time;
    }

    public string Name { get; }

    public bool IsTrusted { get; }

    /// <summary>In the clear.</summary>
    public static StreamUpstream Tcp(string name, IPEndPoint server, TimeProvider time) =>
        new(name, IPAddress.IsLoopback(server.Address), isEncrypted: false, async stop => await TcpStream.ConnectAsync(server, stop), time);

    /// <summary>DNS over TLS.</summary>
    /// <param name="name">As the settings write it.</param>
    /// <param name="server">An address, or a name that the system resolves.</param>
    /// <param name="tls">Whose certificate is believed.</param>
    /// <param name="time">The clock.</param>
    public static StreamUpstream Tls(string name, EndPoint server, SslClientAuthenticationOptions tls, TimeProvider time) =>
        new(name, isTrusted: true, isEncrypted: true, stop => ConnectTlsAsync(server, tls, stop), time);

    public async Task<UpstreamAnswer> ExchangeAsync(UpstreamQuery query, CancellationToken cancellationToken)
    {
        for (bool again = false; ; again = true)
        {
            StreamConnection connection = await OpenAsync(cancellationToken);
            try
            {
                return new UpstreamAnswer(await connection.ExchangeAsync(id => query.Write(id, mixCase: false, _isEncrypted), cancellationToken));
            }
            catch (IOException) when (!again)
            {
                // Servers close what was idle, sometimes just as it is used again (RFC 7766 6.2.4).
            }
            catch (IOException cause)
            {
                throw new DnsUpstreamException($"{Name} closed the connection without an answer: {cause.Message}", cause);
            }
        }
    }

    public void CloseIdle()
    {
        if (_connection is not { } connection || connection.IdleSince is not { } since || _time.GetElapsedTime(since) < Idle)
            return;
        connection.Dispose();
    }

    public void Dispose()
    {
        _disposed = true;
        _connection?.Dispose();
    }

    private async Task<StreamConnection> OpenAsync(CancellationToken cancellationToken)
    {
        if (_connection is { IsOpen: true } open)
            return open;
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_connection is { IsOpen: true } meanwhile)
                return meanwhile;
            var connection = new StreamConnection(await _connect(cancellationToken), _time);
            _connection = connection;
            if (_disposed)
                connection.Dispose();
            return connection;
        }
        catch (Exception cause) when (cause is SocketException or IOException or AuthenticationException)
        {
            throw new DnsUpstreamException($"{Name} cannot be reached: {cause.Message}", cause);
        }
        finally
        {
            _connecting.Release();
        }
    }

    private static async Task<Stream> ConnectTlsAsync(EndPoint server, SslClientAuthenticationOptions tls, CancellationToken cancellationToken)
    {
        var stream = new SslStream(await TcpStream.ConnectAsync(server, cancellationToken));
        try
        {
            await stream.AuthenticateAsClientAsync(tls, cancellationToken);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }
}
