using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;

namespace Actors443.TestKit;

/// <summary>
/// Where clients in memory come in: a host whose <c>WithActors443</c> says <see cref="Hosting.Actors443Options.ConnectInMemory"/> listens at no port, and serves them with everything
/// else as ever: connection actors, admission, HTTP/1.1 and 2, routes to actors, WebSockets, mapped protocols, drain. Thread-safe; for one host.
/// </summary>
public sealed class TestFrontDoor
{
    private readonly ConcurrentQueue<TestConnection> _connections = new();
    private volatile Func<TestClient, CancellationToken, Task<InMemoryConnection>>? _connect;

    /// <summary>All there ever were, oldest first.</summary>
    public IReadOnlyList<TestConnection> Connections => [.. _connections];

    /// <summary>A client of HTTP, by its protocol of HTTP/1.1 or 2, as <c>https://localhost/</c>. It keeps no cookies.</summary>
    /// <param name="client">Who; null: <see cref="TestClient.Default"/>.</param>
    public HttpClient CreateClient(TestClient? client = null)
    {
        client ??= TestClient.Default;
        return new HttpClient(CreateHandler(client))
        {
            BaseAddress = new Uri("https://localhost/"),
            DefaultRequestVersion = client.ApplicationProtocol == "h2" ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    /// <summary>What a client of HTTP is made of.</summary>
    /// <param name="client">Who; null: <see cref="TestClient.Default"/>.</param>
    public HttpMessageHandler CreateHandler(TestClient? client = null)
    {
        client ??= TestClient.Default;
        return new WithoutTls(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (_, stopped) => (await ConnectAsync(client, stopped)).Stream,
        });
    }

    /// <summary>Opens a WebSocket.</summary>
    /// <param name="path">Path and query, from <c>/</c>.</param>
    /// <param name="client">Who; null: <see cref="TestClient.Default"/>.</param>
    /// <param name="configure">Headers, subprotocols; null: none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="WebSocketException">It was refused.</exception>
    public async Task<WebSocket> ConnectWebSocketAsync(string path, TestClient? client = null, Action<ClientWebSocketOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        client ??= TestClient.Default;
        var socket = new ClientWebSocket();
        if (client.ApplicationProtocol == "h2")
            (socket.Options.HttpVersion, socket.Options.HttpVersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        configure?.Invoke(socket.Options);
        try
        {
            await socket.ConnectAsync(new Uri("wss://localhost" + path), new HttpMessageInvoker(CreateHandler(client)), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects, for whatever its protocol is.</summary>
    /// <param name="client">Who; null: <see cref="TestClient.Default"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">It was refused.</exception>
    /// <exception cref="InvalidOperationException">No host serves here.</exception>
    public async Task<TestConnection> ConnectAsync(TestClient? client = null, CancellationToken cancellationToken = default)
    {
        Func<TestClient, CancellationToken, Task<InMemoryConnection>> connect = _connect
            ?? throw new InvalidOperationException("No host serves here now: start one with WithActors443(o => o.ConnectInMemory(door)).");
        var connection = new TestConnection(await connect(client ?? TestClient.Default, cancellationToken));
        _connections.Enqueue(connection);
        return connection;
    }

    internal void Open(Func<TestClient, CancellationToken, Task<InMemoryConnection>> connect) => _connect = connect;

    internal void Close() => _connect = null;

    /// <summary>The server hears https; what is between is no TLS.</summary>
    private sealed class WithoutTls(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri is { Scheme: "https" or "wss" } address)
                request.RequestUri = new UriBuilder(address) { Scheme = address.Scheme[..^1], Port = address.IsDefaultPort ? 80 : address.Port }.Uri;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
