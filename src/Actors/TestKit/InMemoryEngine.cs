using System.Diagnostics.Metrics;
using System.Net;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Engine.Dialing;
using Actors443.Engine.EventLoop;
using Actors443.Engine.Portable;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Actors443.TestKit;

/// <summary>The engine of tests: connections that a <see cref="TestFrontDoor"/> makes, and everything above them as ever.</summary>
internal sealed class InMemoryEngine(TestFrontDoor door, ConnectionMetrics metrics, IMeterFactory meters, ILoggerFactory loggers, MonotonicClock clock) : IConnectionEngine
{
    public string Name => "in-memory";

    public bool NeedsCertificates => false;

    public IReadOnlyList<ActorPlace> Places { get; } = [ActorPlace.ThreadPool];

    public async Task<IEngineListener> ListenAsync(ListenRequest request, CancellationToken cancellationToken)
    {
        if (request.Tls is null)
            throw new InvalidOperationException("In memory there is only https; write http.enabled = off.");
        IPEndPoint endPoint = request.EndPoints[0];
        var entrance = new KestrelEntrance(endPoint);
        KestrelHost kestrel = KestrelHost.Build(
            request,
            [endPoint],
            entrance,
            listen =>
            {
                listen.KestrelServerOptions.AllowAlternateSchemes = true;
                listen.Use(next => transport => ServeAsync(request, (InMemoryConnectionContext)transport, next));
                KestrelHost.StandAsideForTls(listen);
            },
            meters,
            loggers);
        await request.Application.StartAsync(new HttpsSchemeServer(kestrel.Server), cancellationToken);
        Action<ConnectionContext> enter = entrance.Open(kestrel.Server, out _);
        var listener = new Listener(endPoint, kestrel, () => door.Close());
        door.Open((client, stopped) => ConnectAsync(request, client, enter, stopped));
        return listener;
    }

    public Task<DialedClient> DialAsync(DialRequest request, CancellationToken cancellationToken) => new PortableDialer(metrics, clock).DialAsync(request, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Until what it carries is over, and it with that.</summary>
    public static async Task CarryAsync(InMemoryConnection connection, Func<Task> serve)
    {
        await serve();
        await connection.Input.CompleteAsync();
        if (!connection.IsAborted)
            await connection.Output.CompleteAsync();
        connection.End(CloseReason.ServerClosed);
    }

    private async Task<InMemoryConnection> ConnectAsync(ListenRequest request, TestClient client, Action<ConnectionContext> enter, CancellationToken cancellationToken)
    {
        TlsListening tls = request.Tls!;
        IPAddress address = client.Remote.Address;
        await request.Gate.WaitUntilAcceptingAsync(cancellationToken);
        CloseReason refusal = request.Gate.TryEnter(address);
        if (refusal == CloseReason.None && (refusal = tls.Admission.TryHandshake(address, client.Resumed)) != CloseReason.None)
        {
            tls.Admission.HandshakeEnded(address);
            request.Gate.Leave(address);
        }

        if (refusal != CloseReason.None)
        {
            metrics.Refused(refusal);
            throw new IOException($"The connection was refused: {refusal.ToTag()}.");
        }

        var connection = new InMemoryConnection(client, request.Name, clock);
        metrics.Accepted(request.Name);
        tls.Owners.Accepted(connection);
        connection.ReadHello();
        connection.Admitted();
        connection.HandshakeStarted();
        connection.CompleteHandshake();
        tls.Admission.HandshakeEnded(address);
        metrics.HandshakeCompleted(connection, TimeSpan.Zero);
        enter(new InMemoryConnectionContext(connection));
        return connection;
    }

    private async Task ServeAsync(ListenRequest request, InMemoryConnectionContext context, ConnectionDelegate http)
    {
        InMemoryConnection connection = context.Connection;
        bool failed = false;
        try
        {
            if (request.Tls!.Router?.ServerOf(connection.ApplicationProtocol) is { } serve)
                await CarryAsync(connection, () => serve(connection, connection));
            else if (await connection.IsOwnedAsync(context.ConnectionClosed))
            {
                await http(context);
                await connection.Output.CompleteAsync();
            }
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or ConnectionAbortedException)
        {
            failed = true;
        }
        finally
        {
            KestrelEnd.SetReason(connection, context.Features, connection.HasPeerEnded, failed);
            request.Gate.Leave(connection.Remote.Address);
            metrics.Closed(connection);
            connection.End(CloseReason.ServerClosed);
        }
    }

    private sealed class Listener(IPEndPoint endPoint, KestrelHost kestrel, Action close) : IEngineListener
    {
        public IReadOnlyList<IPEndPoint> EndPoints { get; } = [endPoint];

        public Task UnbindAsync()
        {
            close();
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => kestrel.DisposeAsync();
    }
}

/// <summary>A connection in memory as Kestrel sees it.</summary>
internal sealed class InMemoryConnectionContext : DefaultConnectionContext
{
    private readonly CancellationTokenSource _closed = new();

    public InMemoryConnectionContext(InMemoryConnection connection)
        : base(connection.Id, connection, connection)
    {
        Connection = connection;
        RemoteEndPoint = connection.Remote;
        LocalEndPoint = connection.Local;
        ConnectionClosed = _closed.Token;
        connection.ServedBy(this);
        Features.Set<ITlsConnectionFeature>(connection);
        Features.Set<ITlsHandshakeFeature>(connection);
        Features.Set<ITlsApplicationProtocolFeature>(connection);
        Features.Set<IActorConnectionFeature>(connection);
    }

    public InMemoryConnection Connection { get; }

    /// <summary>Tells whoever waits on it.</summary>
    public void ClientGone() => ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);

    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (!Connection.AbortIsEnd)
            Connection.BreakTransport();
    }
}
