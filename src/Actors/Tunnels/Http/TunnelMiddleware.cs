using System.Globalization;
using System.Net;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Supervision;
using Actors443.Telemetry;
using Actors443.Tunnels.Accounts;
using Actors443.Tunnels.Egress;
using Actors443.Tunnels.Sessions;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Http;

namespace Actors443.Tunnels.Http;

/// <summary>
/// Serves tunnels to whoever proves an account. Everybody else is passed on, and so sees what he would see if there were no tunnels. What proves the account goes
/// no further in either case.
/// </summary>
internal sealed class TunnelMiddleware(
    TunnelAccounts accounts, TunnelTable table, SessionTable sessions, TunnelDialer dialer, TunnelMetrics metrics, MonotonicClock clock, TimeProvider time, ILoggerFactory loggers,
    IRequiredActor<Actors443Supervisor> supervisor)
{
    private const string SwitchingProtocols = $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {TunnelAsk.SessionProtocol}\r\n";
    private const string SwitchingToUdp = $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {TunnelAsk.UdpProtocol}\r\n";

    // RFC 9297 3.4.
    private static readonly (string Name, string Value)[] CapsuleHeaders = [("Capsule-Protocol", "?1")];

    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Tunnels);

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (accounts.All.Count == 0 || TunnelAsk.Of(context, accounts.Settings.Path) is not { } ask || context.Features[typeof(IActorConnectionFeature)] is not EngineConnection connection)
            return next(context);
        AccountProof? proof = accounts.Find(connection.ClientCertificate) ?? accounts.Find(ask.Proof);
        context.Request.Headers.Remove("Proxy-Authorization");
        if (proof is not null)
        {
            connection.Proof ??= proof;
            connection.Principal ??= proof.Account.Name;
            return ServeAsync(context, connection, proof, ask);
        }

        metrics.Refused("unauthenticated");
        return accounts.Settings.Challenge && ask.Method == TunnelMethod.Connect ? ChallengeAsync(context) : next(context);
    }

    private static Task ChallengeAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status407ProxyAuthenticationRequired;
        context.Response.Headers.ProxyAuthenticate = new Microsoft.Extensions.Primitives.StringValues(["Basic realm=\"tunnels\", charset=\"UTF-8\"", "Bearer realm=\"tunnels\""]);
        return Task.CompletedTask;
    }

    private Task ServeAsync(HttpContext context, EngineConnection connection, AccountProof proof, TunnelAsk ask)
    {
        TunnelAccount account = proof.Account;
        if (ask.Target is not { } target)
            return RefuseAsync(context, account, connection.Remote, ask.Written, TunnelRefusal.Malformed);
        if (ask.Method == TunnelMethod.Session && context.Request.Headers[TunnelSession.TokenHeader] is [{ } token])
            return ResumeAsync(context, connection, account, target.ToString(), token);
        var tunnel = new Tunnel(proof, target, ask.Method, connection.Remote, connection.Id, clock);
        if (!account.TryEnter(tunnel))
            return RefuseAsync(context, account, connection.Remote, ask.Written, TunnelRefusal.TooMany);
        table.Add(tunnel);
        // Whoever revokes it from here on finds the tunnel.
        if (accounts.IsRevoked(proof))
            tunnel.End(TunnelEndReason.Revoked);
        return ask.Method == TunnelMethod.Session ? OpenSessionAsync(context, connection, tunnel) : OpenAsync(context, connection, tunnel);
    }

    private async Task OpenAsync(HttpContext context, EngineConnection connection, Tunnel tunnel)
    {
        Adopt(connection, tunnel);
        try
        {
            using EgressSocket? target = await DialAsync(context, tunnel, connection.Egress);
            if (target is null)
                return;
            if (!await IsOwnedAsync(tunnel, context.RequestAborted))
            {
                await RefuseAsync(context, tunnel, TunnelRefusal.NotReady);
                return;
            }

            tunnel.Connected(target.Remote);
            tunnel.Actor.Tell(TunnelConnected.Instance, ActorRefs.NoSender);
            TunnelCarrier carrier = Carrier(context, connection, tunnel.Method);
            await carrier.AcceptAsync(tunnel.Method == TunnelMethod.Udp ? CapsuleHeaders : []);
            metrics.Opened(tunnel);
            context.Features.Set(tunnel);
            await TunnelRelay.RunAsync(tunnel, carrier, target, time);
            metrics.Closed(tunnel.Reason);
            await carrier.EndAsync(tunnel.Reason);
        }
        finally
        {
            Leave(tunnel);
            tunnel.Actor.Tell(TunnelOver.Instance, ActorRefs.NoSender);
        }
    }

    private async Task OpenSessionAsync(HttpContext context, EngineConnection connection, Tunnel tunnel)
    {
        EgressSocket? target = null;
        try
        {
            // It outlives the connection, and so its loop is not the place for it.
            target = await DialAsync(context, tunnel, SystemEgressConnector.Instance);
            if (target is null)
                return;
            tunnel.Connected(target.Remote);
            var session = new TunnelSession(tunnel, target, accounts.Settings.Resume.Buffer, time);
            sessions.Add(session);
            supervisor.ActorRef.Tell(new OpenSession(session), ActorRefs.NoSender);
            if (!await IsOwnedAsync(tunnel, context.RequestAborted))
            {
                tunnel.End(TunnelEndReason.InternalError);
                sessions.Remove(session);
                await RefuseAsync(context, tunnel, TunnelRefusal.NotReady);
                return;
            }

            metrics.Opened(tunnel);
            // From here on it is its actor's.
            target = null;
            await CarryAsync(context, connection, session, 0);
        }
        finally
        {
            target?.Dispose();
            if (!tunnel.Owned.IsCompleted)
                Leave(tunnel);
        }
    }

    private Task ResumeAsync(HttpContext context, EngineConnection connection, TunnelAccount account, string target, string token)
    {
        if (sessions.Find(token, account) is not { } session
            || !long.TryParse(context.Request.Headers[TunnelSession.ReceivedHeader], NumberStyles.None, CultureInfo.InvariantCulture, out long received))
            return RefuseAsync(context, account, connection.Remote, target, TunnelRefusal.NoSession);
        session.Tunnel.Moved(connection.Remote, connection.Id);
        return CarryAsync(context, connection, session, received);
    }

    private async Task CarryAsync(HttpContext context, EngineConnection connection, TunnelSession session, long received)
    {
        Tunnel tunnel = session.Tunnel;
        var front = new Tunnel(tunnel.Proof, tunnel.Target, TunnelMethod.Session, connection.Remote, connection.Id, clock);
        Adopt(connection, front);
        try
        {
            if (!await IsOwnedAsync(front, context.RequestAborted))
            {
                await RefuseAsync(context, front, TunnelRefusal.NotReady);
                return;
            }

            tunnel.Actor.Tell(SessionAttached.Instance, ActorRefs.NoSender);
            var carrier = new Http1Carrier(context, connection, StatusCodes.Status101SwitchingProtocols, SwitchingProtocols);
            context.Features.Set(front);
            await session.CarryAsync(front, carrier, received);
            tunnel.Actor.Tell(SessionDetached.Instance, ActorRefs.NoSender);
            if (session.IsOver)
                metrics.Closed(tunnel.Reason);
            await carrier.EndAsync(front.Reason);
        }
        finally
        {
            front.End(TunnelEndReason.InternalError);
            front.Actor.Tell(TunnelOver.Instance, ActorRefs.NoSender);
        }
    }

    private static TunnelCarrier Carrier(HttpContext context, EngineConnection connection, TunnelMethod method)
    {
        if (method == TunnelMethod.WebSocket)
            return new WebSocketCarrier(context);
        return HttpProtocol.IsHttp2(context.Request.Protocol) || HttpProtocol.IsHttp3(context.Request.Protocol) ? new StreamCarrier(context)
            : method == TunnelMethod.Udp ? new Http1Carrier(context, connection, StatusCodes.Status101SwitchingProtocols, SwitchingToUdp) : new Http1Carrier(context, connection);
    }

    private void Adopt(EngineConnection connection, Tunnel tunnel) => connection.Actor.Tell(new AdoptChild(TunnelActor.Props(tunnel, _log)), ActorRefs.NoSender);

    private void Leave(Tunnel tunnel)
    {
        // Unless it has another reason by now.
        tunnel.End(TunnelEndReason.InternalError);
        table.Remove(tunnel);
        tunnel.Account.Leave(tunnel);
    }

    private async Task<EgressSocket?> DialAsync(HttpContext context, Tunnel tunnel, IEgressConnector connector)
    {
        (EgressSocket? target, TunnelRefusal? refusal) = tunnel.Method == TunnelMethod.Udp
            ? await dialer.DialUdpAsync(tunnel.Policy, tunnel.Target, accounts.Settings.ConnectTimeout, context.RequestAborted)
            : await dialer.DialAsync(tunnel.Policy, tunnel.Target, connector, accounts.Settings.ConnectTimeout, context.RequestAborted);
        if (refusal is not null)
            await RefuseAsync(context, tunnel, refusal);
        return target;
    }

    private async Task<bool> IsOwnedAsync(Tunnel tunnel, CancellationToken cancellationToken)
    {
        try
        {
            await tunnel.Owned.WaitAsync(accounts.Settings.ConnectTimeout, cancellationToken);
            return !tunnel.HasEnded;
        }
        catch (Exception cause) when (cause is TimeoutException or OperationCanceledException)
        {
            // The connection has no actor any more.
            return false;
        }
    }

    private Task RefuseAsync(HttpContext context, Tunnel tunnel, TunnelRefusal refusal) => RefuseAsync(context, tunnel.Account, tunnel.Client, tunnel.Target.ToString(), refusal);

    private Task RefuseAsync(HttpContext context, TunnelAccount account, IPEndPoint client, string target, TunnelRefusal refusal)
    {
        metrics.Refused(refusal.Reason);
        _log.TunnelRefused(account.Name, client, target, refusal.Reason);
        context.Response.StatusCode = refusal.Status;
        if (refusal.Error is { } error)
            context.Response.Headers["Proxy-Status"] = $"actors443; error={error}";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(refusal.Message + "\n");
    }
}
