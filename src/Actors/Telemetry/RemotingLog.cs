namespace Actors443.Telemetry;

/// <summary>What is logged about Akka.Remote on our own connections.</summary>
internal static partial class RemotingLog
{
    private const int First = EventIds.Remoting;

    [LoggerMessage(First, LogLevel.Information, "{System} is reached by other nodes on the https listeners ({Protocol})")]
    public static partial void TakesAssociations(this ILogger log, string system, string protocol);

    [LoggerMessage(First + 1, LogLevel.Debug, "{Peer} is associated ({Direction})")]
    public static partial void Associated(this ILogger log, string peer, string direction);

    [LoggerMessage(First + 2, LogLevel.Warning, "No association: {Problem}")]
    public static partial void NotAssociated(this ILogger log, string problem);

    [LoggerMessage(First + 3, LogLevel.Debug, "The association with {Peer} has ended: {Reason}")]
    public static partial void AssociationEnded(this ILogger log, string peer, string reason);

    [LoggerMessage(First + 4, LogLevel.Warning, "The association with {Peer} has broken: {Reason}")]
    public static partial void AssociationBroke(this ILogger log, string peer, string reason);

    [LoggerMessage(First + 5, LogLevel.Error, "The association with {Peer} failed")]
    public static partial void AssociationFailed(this ILogger log, Exception cause, string peer);

    [LoggerMessage(First + 6, LogLevel.Information, "{System} shows another certificate to nodes from now on ({Thumbprint}), and trusts {Authorities} CAs; associations that there are go on")]
    public static partial void IdentityChanged(this ILogger log, string system, string thumbprint, int authorities);

    [LoggerMessage(First + 7, LogLevel.Error, "{System} keeps what it shows to nodes and trusts, for what is there now is bad: {Problem}")]
    public static partial void IdentityNotChanged(this ILogger log, string system, string problem);

    [LoggerMessage(First + 8, LogLevel.Warning, "The association with {Peer} is cut, for it is revoked: {Detail}")]
    public static partial void RevokedPeerCut(this ILogger log, string peer, string? detail);

    [LoggerMessage(First + 9, LogLevel.Warning, "No https listener has the port {Port}, by which other nodes are to reach {System}; set akka.remote.actors443.public-port if another leads to it")]
    public static partial void NoListenerAtPort(this ILogger log, int port, string system);

    [LoggerMessage(First + 10, LogLevel.Information, "{Peer} is reached by DotNetty, as it is not reached by its https port: {Problem}")]
    public static partial void ByDotNetty(this ILogger log, string peer, string problem);

    [LoggerMessage(First + 11, LogLevel.Debug, "The association with {Peer} goes on upon another connection, with certificates that were shown anew")]
    public static partial void Renewed(this ILogger log, string peer);

    [LoggerMessage(First + 12, LogLevel.Warning, "The association with {Peer} is not made anew: {Problem}")]
    public static partial void NotRenewed(this ILogger log, string peer, string problem);

    [LoggerMessage(First + 13, LogLevel.Warning, "The association with {Peer} is ended, for certificates have changed and it was not made anew within {Within}: {Problem}")]
    public static partial void NotRenewedInTime(this ILogger log, string peer, TimeSpan within, string problem);
}
