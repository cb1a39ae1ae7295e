using Actors443.Connections;
using Actors443.Requests;
using Akka.Actor;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Server.Sites;

/// <summary>
/// A WebSocket to an upstream, as something that lives on its connection: when that is drained, the client is told to go away. Stands before HTTP's own way to take a request over, by
/// Upgrade (HTTP/1.1) or extended CONNECT (HTTP/2). Thread-safe.
/// </summary>
internal sealed class ProxiedWebSocket : LightActorRef, IHttpUpgradeFeature, IHttpExtendedConnectFeature
{
    private const string Protocol = "websocket";

    private readonly IHttpUpgradeFeature? _upgrade;
    private readonly IHttpExtendedConnectFeature? _connect;
    private WebSocketGoodbye? _client;
    private int _leaves;

    private ProxiedWebSocket(IActorRefProvider provider, IHttpUpgradeFeature? upgrade, IHttpExtendedConnectFeature? connect)
        : base(provider)
    {
        _upgrade = upgrade;
        _connect = connect;
    }

    public bool IsUpgradableRequest => _upgrade?.IsUpgradableRequest ?? false;

    public bool IsExtendedConnect => _connect?.IsExtendedConnect ?? false;

    string? IHttpExtendedConnectFeature.Protocol => _connect?.Protocol;

    /// <summary>Null: the request is for something else, or its connection has no actor.</summary>
    public static ProxiedWebSocket? Begin(HttpContext context)
    {
        if (context.Features.Get<IActorConnectionFeature>()?.Actor is not { } connection)
            return null;
        IHttpUpgradeFeature? upgrade = context.Features.Get<IHttpUpgradeFeature>();
        IHttpExtendedConnectFeature? connect = context.Features.Get<IHttpExtendedConnectFeature>();
        bool isUpgrade = upgrade is { IsUpgradableRequest: true } && Protocol.Equals(context.Request.Headers.Upgrade, StringComparison.OrdinalIgnoreCase);
        bool isConnect = connect is { IsExtendedConnect: true } && Protocol.Equals(connect.Protocol, StringComparison.OrdinalIgnoreCase);
        if (!isUpgrade && !isConnect)
            return null;
        var socket = new ProxiedWebSocket(((IInternalActorRef)connection).Provider, upgrade, connect);
        if (isUpgrade)
            context.Features.Set<IHttpUpgradeFeature>(socket);
        else
            context.Features.Set<IHttpExtendedConnectFeature>(socket);
        connection.Tell(new ConversationBegan(socket), ActorRefs.NoSender);
        return socket;
    }

    /// <summary>It is over.</summary>
    public void End(HttpContext context)
    {
        context.Features.Get<IActorConnectionFeature>()!.Actor.Tell(new ConversationEnded(this), ActorRefs.NoSender);
        End();
    }

    public async Task<Stream> UpgradeAsync() => Take(await _upgrade!.UpgradeAsync());

    public async ValueTask<Stream> AcceptAsync() => Take(await _connect!.AcceptAsync());

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (message is not Drain)
            return;
        Volatile.Write(ref _leaves, 1);
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _client)?.SayAsync();
    }

    private WebSocketGoodbye Take(Stream stream)
    {
        var client = new WebSocketGoodbye(stream);
        Volatile.Write(ref _client, client);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _leaves) != 0)
            _ = client.SayAsync();
        return client;
    }
}
