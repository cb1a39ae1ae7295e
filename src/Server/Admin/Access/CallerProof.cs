using System.Globalization;
using System.Net.Sockets;
using Actors443.Server.Hosting;
using Actors443.Server.Telemetry;
using Microsoft.AspNetCore.Connections.Features;

namespace Actors443.Server.Admin.Access;

/// <summary>
/// Lets in under a path whoever proves who he is: by the user of the process at the other end of the Unix socket (the server's own, or root), by a client certificate, or by the token
/// (<c>Authorization: Bearer …</c>, RFC 6750). Which it was is what the audit tells.
/// </summary>
internal static class CallerProof
{
    private const string Scheme = "Bearer ";

    public static Func<RequestDelegate, RequestDelegate> RequireUnder(PathString path, AdminToken token, AdminTls? tls, ILogger log) => next => context =>
    {
        AdminCaller? caller = OverSocket(context) ?? ByCertificate(context, tls) ?? ByToken(context, token);
        context.Features.Set(caller ?? new AdminCaller("nobody", Remote(context)));
        if (caller is not null || !context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase))
            return next(context);
        log.Unauthorized(context.Request.Method, context.Request.Path);
        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"actors443\"";
        return AdminFailures.WriteAsync(context, StatusCodes.Status401Unauthorized, "send Authorization: Bearer with the token of the admin-token file in the state directory");
    };

    /// <summary>Whether the request came by the Unix socket.</summary>
    public static bool IsLocal(HttpContext context) => SocketOf(context)?.AddressFamily == AddressFamily.Unix;

    private static AdminCaller? OverSocket(HttpContext context)
    {
        if (!IsLocal(context))
            return null;
        PeerCredentials peer = PeerCredentials.Of(SocketOf(context)!);
        return peer.UserId == 0 || peer.UserId == OwnUser() ? new AdminCaller($"unix:{peer.UserName()}", string.Create(CultureInfo.InvariantCulture, $"process {peer.ProcessId}")) : null;
    }

    private static AdminCaller? ByCertificate(HttpContext context, AdminTls? tls) =>
        tls is not null && context.Connection.ClientCertificate is { } certificate && tls.NameIn(certificate) is { } name ? new AdminCaller($"certificate:{name}", Remote(context)) : null;

    private static AdminCaller? ByToken(HttpContext context, AdminToken token) =>
        context.Request.Headers.Authorization is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && token.Matches(header[Scheme.Length..].Trim())
            ? new AdminCaller($"token:{token.Id}", Remote(context))
            : null;

    private static string Remote(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address ? new System.Net.IPEndPoint(address, context.Connection.RemotePort).ToString() : "the Unix socket";

    private static Socket? SocketOf(HttpContext context) => context.Features.Get<IConnectionSocketFeature>()?.Socket;

    // The owner of what this process makes is the user it runs as, whatever it began as.
    private static uint OwnUser() => LazyOwnUser.Value;

    private static readonly Lazy<uint> LazyOwnUser = new(() => uint.Parse(OwnProcess.StatusOf("Uid")[1], CultureInfo.InvariantCulture));
}
