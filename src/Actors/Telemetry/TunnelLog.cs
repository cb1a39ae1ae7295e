using System.Net;
using Actors443.Tunnels;
using Actors443.Tunnels.Targets;

namespace Actors443.Telemetry;

internal static partial class TunnelLog
{
    [LoggerMessage(EventIds.Tunnels + 0, LogLevel.Information, "Tunnel {Id} of {Account} from {Client} to {Target} ({Address}) is open, on connection {Connection}")]
    public static partial void TunnelOpened(this ILogger log, string id, string account, IPEndPoint client, TunnelTarget target, IPEndPoint? address, string connection);

    [LoggerMessage(EventIds.Tunnels + 1, LogLevel.Information, "Tunnel {Id} of {Account} to {Target} ended: {Reason}, {Up} bytes up, {Down} bytes down")]
    public static partial void TunnelClosed(this ILogger log, string id, string account, TunnelTarget target, TunnelEndReason reason, long up, long down);

    [LoggerMessage(EventIds.Tunnels + 3, LogLevel.Information, "Session {Id} of {Account} to {Target} goes on, from {Client} on connection {Connection}")]
    public static partial void SessionAttached(this ILogger log, string id, string account, IPEndPoint client, TunnelTarget target, string connection);

    [LoggerMessage(EventIds.Tunnels + 4, LogLevel.Information, "Session {Id} of {Account} to {Target} has lost its connection, and waits for its client")]
    public static partial void SessionDetached(this ILogger log, string id, string account, TunnelTarget target);

    [LoggerMessage(EventIds.Tunnels + 2, LogLevel.Warning, "No tunnel for {Account} from {Client} to {Target}: {Reason}")]
    public static partial void TunnelRefused(this ILogger log, string account, IPEndPoint client, string target, string reason);
}
