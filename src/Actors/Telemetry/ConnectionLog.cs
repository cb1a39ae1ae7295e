using Actors443.Connections;

namespace Actors443.Telemetry;

internal static partial class ConnectionLog
{
    [LoggerMessage(EventIds.Connections + 0, LogLevel.Debug, "Connection {Id} of {Remote} ended: {Reason} {Detail}")]
    public static partial void ConnectionEnded(this ILogger log, string id, string remote, CloseReason reason, string? detail);

    [LoggerMessage(EventIds.Connections + 1, LogLevel.Error, "The actor of a connection failed; that connection is closed, no other is touched")]
    public static partial void ConnectionActorFailed(this ILogger log, Exception cause);

    [LoggerMessage(EventIds.Connections + 2, LogLevel.Error, "Connection {Id} was served with an error of our own")]
    public static partial void ConnectionPathFailed(this ILogger log, Exception cause, string id);

    [LoggerMessage(EventIds.Connections + 3, LogLevel.Information, "Draining {Count} connections, {Deadline} at most")]
    public static partial void Draining(this ILogger log, int count, TimeSpan deadline);

    [LoggerMessage(EventIds.Connections + 4, LogLevel.Information, "All connections are drained")]
    public static partial void Drained(this ILogger log);

    [LoggerMessage(EventIds.Connections + 5, LogLevel.Warning, "The drain ended by its deadline with {Count} connections still open; they are aborted")]
    public static partial void DrainCutShort(this ILogger log, int count);

    [LoggerMessage(EventIds.Connections + 9, LogLevel.Debug, "{LetGo} connections are let go, {Held} are held; they wait for {Limit}")]
    public static partial void DrainStepDone(this ILogger log, int letGo, int held, string limit);

    [LoggerMessage(EventIds.Connections + 10, LogLevel.Information, "All {Count} connections were told to end, within {Span}")]
    public static partial void AllLetGo(this ILogger log, int count, TimeSpan span);

    [LoggerMessage(EventIds.Connections + 11, LogLevel.Error, "Connections cannot be let go step by step; those that are left are told to end at once")]
    public static partial void CannotLetGoInSteps(this ILogger log, Exception cause);

    [LoggerMessage(EventIds.Tls + 0, LogLevel.Error, "A handshake ended with {Protocol} {Suite}, which the policy does not allow; the connection was closed. The platform's TLS defaults have changed: see docs/security.md")]
    public static partial void UnexpectedCipher(this ILogger log, string protocol, string suite);

    [LoggerMessage(EventIds.Tls + 5, LogLevel.Warning, "Connection {Id} is closed: the certificate of {Client}, serial number {Serial}, has been revoked")]
    public static partial void RevokedClientCut(this ILogger log, string id, string client, string serial);

    [LoggerMessage(EventIds.Tls + 1, LogLevel.Error, "The handshake decider {Decider} failed; the handshake is refused")]
    public static partial void HandshakeDeciderFailed(this ILogger log, Exception cause, string decider);

    [LoggerMessage(EventIds.Connections + 6, LogLevel.Warning, "{Loop} has been kept from its sockets for {Span} by {What}. What blocks must not run on a loop: set event-loop.applications = thread-pool")]
    public static partial void LoopBlocked(this ILogger log, string loop, TimeSpan span, string what);

    [LoggerMessage(EventIds.Connections + 7, LogLevel.Information, "Connection {Id} was closed and HTTP does not come to its end: it is given up")]
    public static partial void HttpGivenUp(this ILogger log, string id);

    [LoggerMessage(EventIds.Connections + 8, LogLevel.Debug, "A QUIC handshake of {Client} was refused: {Reason} {Detail}")]
    public static partial void QuicRefused(this ILogger log, System.Net.IPEndPoint client, Actors443.Connections.CloseReason reason, string? detail);

    [LoggerMessage(EventIds.Tls + 6, LogLevel.Information, "{What} is tried with {Share:P0} of the clients first")]
    public static partial void TlsPolicyTried(this ILogger log, string what, double share);

    [LoggerMessage(EventIds.Tls + 7, LogLevel.Error, "{What} is rolled back, what was before holds for all: {Figures}. Write the former setting, or set certificates.canary.share = off to have it")]
    public static partial void TlsPolicyRolledBack(this ILogger log, string what, string figures);

    [LoggerMessage(EventIds.Tls + 8, LogLevel.Information, "{What} holds for all clients now: {Figures}")]
    public static partial void TlsPolicyPromoted(this ILogger log, string what, string figures);

    [LoggerMessage(EventIds.Tls + 9, LogLevel.Error, "The actor of the TLS policy failed and starts again; the policy in force stays, a trial is over")]
    public static partial void TlsPolicyActorFailed(this ILogger log, Exception cause);
}
