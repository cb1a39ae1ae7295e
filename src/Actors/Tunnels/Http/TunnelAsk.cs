using Actors443.Tunnels.Targets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Tunnels.Http;

/// <summary>A request that may be one for a tunnel.</summary>
/// <param name="Method">How it is to be carried.</param>
/// <param name="Target">Null: what is written is no target.</param>
/// <param name="Written">As the client wrote it, for the log.</param>
/// <param name="Proof">Value of the header that may prove an account; null: none, or more than one.</param>
internal readonly record struct TunnelAsk(TunnelMethod Method, TunnelTarget? Target, string Written, string? Proof)
{
    /// <summary>Value of <c>Upgrade</c> that asks for a session.</summary>
    public const string SessionProtocol = "actors443-session";

    private const string TcpSegment = "/tcp/";
    private const string UdpSegment = "/udp/";

    /// <summary>Value of <c>Upgrade</c> and of <c>:protocol</c> that asks for UDP (RFC 9298 3.2, 3.4).</summary>
    public const string UdpProtocol = "connect-udp";

    /// <summary>Null: it is a request like any other.</summary>
    public static TunnelAsk? Of(HttpContext context, string path)
    {
        HttpRequest request = context.Request;
        bool isConnect = HttpMethods.IsConnect(request.Method);
        if (isConnect && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true })
        {
            string written = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            return new TunnelAsk(TunnelMethod.Connect, TunnelTarget.Parse(written), written, OnlyValue(request.Headers.ProxyAuthorization));
        }

        if (request.Path.Value is not { } full || !full.StartsWith(path, StringComparison.Ordinal))
            return null;
        ReadOnlySpan<char> below = full.AsSpan(path.Length);
        (TunnelMethod? asked, int prefix) = below.StartsWith(TcpSegment) ? (MethodOf(context), TcpSegment.Length)
            : below.StartsWith(UdpSegment) && IsUdpAskedFor(context) ? (TunnelMethod.Udp, UdpSegment.Length)
            : (null, 0);
        if (asked is not { } method)
            return null;
        string rest = below[prefix..].ToString();
        string[] parts = rest.TrimEnd('/').Split('/');
        Microsoft.Extensions.Primitives.StringValues proof = request.Headers.ProxyAuthorization.Count > 0 ? request.Headers.ProxyAuthorization : request.Headers.Authorization;
        return new TunnelAsk(method, parts.Length == 2 ? TunnelTarget.Of(parts[0], parts[1]) : null, rest, OnlyValue(proof));
    }

    private static TunnelMethod? MethodOf(HttpContext context)
    {
        if (WebSocketCarrier.IsAskedFor(context))
            return TunnelMethod.WebSocket;
        bool isSession = HttpMethods.IsGet(context.Request.Method) && HttpProtocol.IsHttp11(context.Request.Protocol) && context.Request.Headers.Upgrade == SessionProtocol
            && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
        return isSession ? TunnelMethod.Session : null;
    }

    private static bool IsUdpAskedFor(HttpContext context)
    {
        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
            return connect.Protocol == UdpProtocol;
        return HttpMethods.IsGet(context.Request.Method) && HttpProtocol.IsHttp11(context.Request.Protocol) && UdpProtocol.Equals(context.Request.Headers.Upgrade, StringComparison.OrdinalIgnoreCase)
            && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
    }

    private static string? OnlyValue(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 1 ? values[0] : null;
}
