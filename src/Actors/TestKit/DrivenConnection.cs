using Actors443.Connections;

namespace Actors443.TestKit;

/// <summary>A connection whose steps are the test's: there is no HTTP on it, the test says when a request begins. Thread-safe.</summary>
public sealed class DrivenConnection : TestConnection
{
    internal DrivenConnection(InMemoryConnection connection)
        : base(connection)
    {
    }

    /// <summary>The ClientHello has come.</summary>
    public void ReadHello() => Connection.ReadHello();

    /// <summary>The handshake has begun.</summary>
    public void StartHandshake() => Connection.HandshakeStarted();

    /// <summary>The handshake is done, with what the <see cref="TestClient"/> says: the connection is open.</summary>
    public void CompleteHandshake() => Connection.CompleteHandshake();

    /// <summary>Bytes have come from the client. With no request in flight they begin the headers of one.</summary>
    /// <param name="count">How many.</param>
    public void ReceiveBytes(int count) => Connection.Arrived(count);

    /// <summary>A request has begun, its headers complete; dispose of it when it is answered. A connection that was asked to end does so after the last.</summary>
    public IDisposable BeginRequest()
    {
        Connection.RequestStarted();
        return new Request(Connection);
    }

    /// <summary>It carries a WebSocket from now on.</summary>
    public void Upgrade() => Connection.ProtocolUpgraded();

    /// <summary>It ends for a reason of the engine's, such as <see cref="CloseReason.ProtocolError"/>.</summary>
    public void Fail(CloseReason reason, string? detail = null) => Connection.Abort(reason, detail);

    private sealed class Request(InMemoryConnection connection) : IDisposable
    {
        private int _completed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _completed, 1) == 0)
                connection.CompleteRequest();
        }
    }
}
