using Actors443.Identities;

namespace Actors443.Telemetry;

/// <summary>What is logged about revoked identities.</summary>
internal static partial class RevocationLog
{
    private const int First = EventIds.Connections + 50;

    [LoggerMessage(First, LogLevel.Warning, "Revoked: {Identity} ({Reason})")]
    public static partial void IdentityRevoked(this ILogger log, Identity identity, string? reason);

    [LoggerMessage(First + 1, LogLevel.Warning, "No longer revoked: {Identity}")]
    public static partial void RevocationUndone(this ILogger log, Identity identity);

    [LoggerMessage(First + 2, LogLevel.Warning, "For {Identity} being revoked, {Connections} connections and {Tunnels} tunnels are cut here")]
    public static partial void IdentityCut(this ILogger log, Identity identity, int connections, int tunnels);

    [LoggerMessage(First + 3, LogLevel.Error, "{File} cannot be written ({Problem}): who is revoked is in force, and a restart would forget it")]
    public static partial void CannotKeepRevocations(this ILogger log, string file, string problem);

    [LoggerMessage(First + 4, LogLevel.Error, "Not all connections could be asked in time whether they are revoked: some may be open still")]
    public static partial void NotCutInTime(this ILogger log, Exception cause);
}
