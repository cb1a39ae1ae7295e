using System.Net;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Telemetry;
using Actors443.Tunnels.Accounts;
using Actors443.Tunnels.Egress;
using Actors443.Tunnels.Targets;
using Akka.Actor;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Tunnels.Http;

/// <summary>
/// Serves tunnels to whoever proves an account. Everybody else is passed on, and so sees what he would see if there were no tunnels. What proves the account goes
/// no further in either case.
/// </summary>
internal sealed class TunnelMiddleware(
    TunnelAccounts accounts, TunnelTable table, TunnelDialer dialer, TunnelMetrics metrics, MonotonicClock clock, TimeProvider time, ILoggerFactory loggers)
{
    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Tunnels);

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (accounts.All.Count == 0 || !IsConnect(context) || context.Features[typeof(IActorConnectionFeature)] is not EngineConnection connection)
            return next(context);
        TunnelAccount? account = accounts.Find(connection.ClientCertificate) ?? accounts.Find(OnlyValue(context.Request.Headers.ProxyAuthorization));
        context.Request.Headers.Remove("Proxy-Authorization");
        if (account is not null)
            return ServeAsync(context, connection, account);
        metrics.Refused("unauthenticated");
        return accounts.Settings.Challenge ? ChallengeAsync(context) : next(context);
    }

    // CONNECT with a protocol (RFC 8441) asks for something of a site.
    private static bool IsConnect(HttpContext context) =>
        HttpMethods.IsConnect(context.Request.Method) && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true };

    private static string? OnlyValue(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 1 ? values[0] : null;

    private static Task ChallengeAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status407ProxyAuthenticationRequired;
        context.Response.Headers.ProxyAuthenticate = new Microsoft.Extensions.Primitives.StringValues(["Basic realm=\"tunnels\", charset=\"UTF-8\"", "Bearer realm=\"tunnels\""]);
        return Task.CompletedTask;
    }

    private async Task ServeAsync(HttpContext context, EngineConnection connection, TunnelAccount account)
    {
        string written = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (TunnelTarget.Parse(written) is not { } target)
        {
            await RefuseAsync(context, account, connection.Remote, written, TunnelRefusal.Malformed);
            return;
        }

        var tunnel = new Tunnel(account, target, TunnelMethod.Connect, connection.Remote, connection.Id, clock);
        if (!account.TryEnter(tunnel))
        {
            await RefuseAsync(context, account, connection.Remote, written, TunnelRefusal.TooMany);
            return;
        }

        table.Add(tunnel);
        connection.Actor.Tell(new AdoptChild(TunnelActor.Props(tunnel, _log)), ActorRefs.NoSender);
        try
        {
            await ServeAsync(context, connection, tunnel);
        }
        finally
        {
            // Unless it has another reason by now.
            tunnel.End(TunnelEndReason.InternalError);
            table.Remove(tunnel);
            account.Leave(tunnel);
            tunnel.Actor.Tell(TunnelOver.Instance, ActorRefs.NoSender);
        }
    }

    private async Task ServeAsync(HttpContext context, EngineConnection connection, Tunnel tunnel)
    {
        TimeSpan within = accounts.Settings.ConnectTimeout;
        (EgressSocket? target, TunnelRefusal? refusal) = await dialer.DialAsync(tunnel.Account.Targets, tunnel.Target, within, context.RequestAborted);
        using (target)
        {
            refusal ??= await IsOwnedAsync(tunnel, within, context.RequestAborted) && !tunnel.HasEnded ? null : TunnelRefusal.NotReady;
            if (refusal is not null)
            {
                await RefuseAsync(context, tunnel.Account, tunnel.Client, tunnel.Target.ToString(), refusal);
                return;
            }

            tunnel.Connected(target!.Remote);
            tunnel.Actor.Tell(TunnelConnected.Instance, ActorRefs.NoSender);
            TunnelCarrier carrier = HttpProtocol.IsHttp2(context.Request.Protocol) ? new Http2Carrier(context) : new Http1Carrier(context, connection);
            await carrier.AcceptAsync();
            metrics.Opened(tunnel);
            await TunnelRelay.RunAsync(tunnel, carrier, target, time);
            metrics.Closed(tunnel.Reason);
            await carrier.EndAsync(tunnel.Reason);
        }
    }

    private static async Task<bool> IsOwnedAsync(Tunnel tunnel, TimeSpan within, CancellationToken cancellationToken)
    {
        try
        {
            await tunnel.Owned.WaitAsync(within, cancellationToken);
            return true;
        }
        catch (Exception cause) when (cause is TimeoutException or OperationCanceledException)
        {
            // The connection has no actor any more.
            return false;
        }
    }

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
