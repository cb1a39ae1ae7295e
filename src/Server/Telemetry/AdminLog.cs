using System.Net;
using Actors443.Identities;
using Actors443.Telemetry;

namespace Actors443.Server.Telemetry;

internal static partial class AdminLog
{
    [LoggerMessage(EventIds.Admin + 0, LogLevel.Information, "Health, metrics and control on {EndPoint}; the token is in {TokenFile}")]
    public static partial void AdminListening(this ILogger log, string endPoint, string tokenFile);

    [LoggerMessage(EventIds.Admin + 1, LogLevel.Warning, "Refused {Path}: the Host '{Host}' is not this machine's loopback")]
    public static partial void ForeignHost(this ILogger log, string host, string path);

    [LoggerMessage(EventIds.Admin + 2, LogLevel.Warning, "Refused {Method} {Path} for want of the token")]
    public static partial void Unauthorized(this ILogger log, string method, string path);

    [LoggerMessage(EventIds.Admin + 3, LogLevel.Warning, "No answer in time for {Path}")]
    public static partial void NoAnswerInTime(this ILogger log, Exception cause, string path);

    [LoggerMessage(EventIds.Admin + 4, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(this ILogger log, Exception cause, string method, string path);

    [LoggerMessage(EventIds.Admin + 5, LogLevel.Debug, "The client of {Path} went away")]
    public static partial void RequestAbandoned(this ILogger log, string path);

    [LoggerMessage(EventIds.Admin + 6, LogLevel.Information, "Connection {Id} is closed by request")]
    public static partial void ConnectionClosed(this ILogger log, string id);

    [LoggerMessage(EventIds.Admin + 7, LogLevel.Information, "The graceful stop is asked for by the admin API")]
    public static partial void DrainAsked(this ILogger log);

    [LoggerMessage(EventIds.Admin + 9, LogLevel.Information, "Tunnel {Id} is ended by request")]
    public static partial void TunnelKilled(this ILogger log, string id);

    [LoggerMessage(EventIds.Admin + 10, LogLevel.Information, "{Action} by the admin API: {Count} connections where {Where}")]
    public static partial void ConnectionsActedOn(this ILogger log, string action, int count, string where);

    [LoggerMessage(EventIds.Admin + 8, LogLevel.Information, "A new certificate for {Name} is asked for by the admin API")]
    public static partial void RenewalAsked(this ILogger log, string name);

    [LoggerMessage(EventIds.Admin + 11, LogLevel.Information, "Revoked by the admin API: {Identity}; {Connections} connections and {Tunnels} tunnels cut on all nodes that answered")]
    public static partial void RevokedByAdmin(this ILogger log, Identity identity, int connections, int tunnels);

    [LoggerMessage(EventIds.Admin + 12, LogLevel.Information, "Taken back by the admin API: the revocation of {Identity}")]
    public static partial void RevocationUndoneByAdmin(this ILogger log, Identity identity);

    [LoggerMessage(EventIds.Admin + 13, LogLevel.Warning, "The dashboard goes without {Fact} this time: no answer came")]
    public static partial void FactMissing(this ILogger log, Exception cause, string fact);

    [LoggerMessage(EventIds.Admin + 14, LogLevel.Error, "A snapshot for the dashboard failed")]
    public static partial void SnapshotFailed(this ILogger log, Exception cause);

    [LoggerMessage(EventIds.Admin + 16, LogLevel.Information, "Audit: {Who} from {From}: {What}: {Result} {Detail}")]
    public static partial void Audited(this ILogger log, string who, string from, string what, string result, string detail);

    [LoggerMessage(EventIds.Admin + 17, LogLevel.Error, "The audit file {Path} cannot be written: {Problem}")]
    public static partial void AuditNotWritten(this ILogger log, string path, string problem);

    [LoggerMessage(EventIds.Admin + 18, LogLevel.Warning, "The audit file {Path} cannot be rotated and grows on: {Problem}")]
    public static partial void AuditNotRotated(this ILogger log, string path, string problem);

    [LoggerMessage(EventIds.Admin + 19, LogLevel.Information, "Control on the Unix socket {Path}, for this user and root, without the token")]
    public static partial void AdminOnSocket(this ILogger log, string path);

    [LoggerMessage(EventIds.Admin + 20, LogLevel.Warning, "The admin server can be reached on {EndPoint} from other machines, without TLS: whoever sees its traffic has the token. Set admin.tls")]
    public static partial void AdminExposed(this ILogger log, IPEndPoint endPoint);

    [LoggerMessage(EventIds.Admin + 15, LogLevel.Debug, "Nobody listens to events any more")]
    public static partial void NobodyListens(this ILogger log);
}
