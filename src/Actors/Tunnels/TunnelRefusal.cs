namespace Actors443.Tunnels;

/// <summary>Why a client that has an account does not get its tunnel.</summary>
/// <param name="Reason">For metrics and the log, in snake case.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Error">Type of the error in <c>Proxy-Status</c> (RFC 9209 2.3); null: none fits.</param>
/// <param name="Message">For the client's user: one sentence.</param>
internal sealed record TunnelRefusal(string Reason, int Status, string? Error, string Message)
{
    public static TunnelRefusal Malformed { get; } = new("malformed", 400, "http_request_error", "The target is no host with a port.");

    public static TunnelRefusal NotAllowed { get; } = new("not_allowed", 403, "http_request_denied", "This account may not go there.");

    public static TunnelRefusal NotPublic { get; } = new("not_public", 403, "destination_ip_prohibited", "The target has no address that this account may connect to.");

    public static TunnelRefusal NoSession { get; } = new("no_session", 410, "http_request_denied", "There is no such session any more.");

    public static TunnelRefusal TooMany { get; } = new("too_many", 429, "connection_limit_reached", "This account has as many tunnels as it may have.");

    public static TunnelRefusal NoAddress { get; } = new("no_address", 502, "dns_error", "The target's name has no address.");

    public static TunnelRefusal ConnectionRefused { get; } = new("connection_refused", 502, "connection_refused", "The target refuses connections.");

    public static TunnelRefusal Unreachable { get; } = new("unreachable", 502, "destination_ip_unroutable", "The target cannot be reached.");

    public static TunnelRefusal TimedOut { get; } = new("timeout", 504, "connection_timeout", "The target does not answer.");

    public static TunnelRefusal NotReady { get; } = new("not_ready", 503, "proxy_internal_error", "The server cannot take a tunnel at this moment.");
}
