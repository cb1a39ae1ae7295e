namespace Actors443.Telemetry;

internal static partial class CertificateLog
{
    [LoggerMessage(EventIds.Certificates + 0, LogLevel.Information, "Certificates: generation {Generation}, {Count} served for {Names}")]
    public static partial void Published(this ILogger log, long generation, int count, string names);

    [LoggerMessage(EventIds.Certificates + 1, LogLevel.Error, "Certificate refused; the one before it, if there is one, is served on. {Problem}")]
    public static partial void CertificateRefused(this ILogger log, string problem);

    [LoggerMessage(EventIds.Certificates + 2, LogLevel.Warning, "The certificate of {Source} for {Names} expires in {Left}, on {NotAfter}")]
    public static partial void ExpiresSoon(this ILogger log, string source, string names, TimeSpan left, DateTimeOffset notAfter);

    [LoggerMessage(EventIds.Certificates + 3, LogLevel.Error, "The certificate of {Source} for {Names} expired on {NotAfter} and is still served, for want of another")]
    public static partial void ServedExpired(this ILogger log, string source, string names, DateTimeOffset notAfter);

    [LoggerMessage(EventIds.Certificates + 4, LogLevel.Warning, "{Folder} cannot be watched ({Cause}); it is looked at every {Rescan} instead")]
    public static partial void CannotWatch(this ILogger log, string folder, string cause, TimeSpan rescan);

    [LoggerMessage(EventIds.Certificates + 5, LogLevel.Error, "{Actor} failed and starts again in {Pause}; the certificates published go on being served")]
    public static partial void CertificateActorFailed(this ILogger log, Exception cause, string actor, TimeSpan pause);

    [LoggerMessage(EventIds.Certificates + 6, LogLevel.Warning, "{Problem}")]
    public static partial void CertificateFileGone(this ILogger log, string problem);

    [LoggerMessage(EventIds.Certificates + 7, LogLevel.Error, "There is no certificate left to serve; those of generation {Generation} stay. Add one to certificates, or set certificates.local-ca.enabled = on")]
    public static partial void NothingToServe(this ILogger log, long generation);

    [LoggerMessage(EventIds.Certificates + 11, LogLevel.Information, "New certificates for {Names} are shown to {Share:P0} of the clients first")]
    public static partial void CanaryBegan(this ILogger log, string names, double share);

    [LoggerMessage(EventIds.Certificates + 12, LogLevel.Error, "New certificates for {Names} are rolled back, the ones before are shown to all: {Figures}. Put others in their place, or set certificates.canary.share = off to serve them")]
    public static partial void CanaryRolledBack(this ILogger log, string names, string figures);

    [LoggerMessage(EventIds.Certificates + 13, LogLevel.Information, "New certificates for {Names} are shown to all now, generation {Generation}: {Figures}")]
    public static partial void CanaryPromoted(this ILogger log, string names, string figures, long generation);

    [LoggerMessage(EventIds.Certificates + 14, LogLevel.Information, "{Source}: the certificate {Why}")]
    public static partial void NotStapled(this ILogger log, string source, string why);

    [LoggerMessage(EventIds.Certificates + 15, LogLevel.Debug, "{Source}: an OCSP response is stapled; the next is asked for at {Due:u}")]
    public static partial void Stapled(this ILogger log, string source, DateTimeOffset due);

    [LoggerMessage(EventIds.Certificates + 16, LogLevel.Warning, "{Source}: its OCSP responder {Responder} gave nothing to staple: {Problem}. It is asked again at {Due:u}")]
    public static partial void StapleFailed(this ILogger log, string source, Uri responder, string problem, DateTimeOffset due);

    [LoggerMessage(EventIds.Certificates + 9, LogLevel.Information, "Client certificates: {Revoked} are revoked by the lists of {Sources} sources")]
    public static partial void RevocationsPublished(this ILogger log, int revoked, int sources);

    [LoggerMessage(EventIds.Certificates + 10, LogLevel.Error, "client-certificates.crl: {Problem}")]
    public static partial void RevocationProblem(this ILogger log, string problem);

    [LoggerMessage(EventIds.Certificates + 8, LogLevel.Information, "Session tickets are sealed with a new key; {Count} keys open them. The next is due at {Next:u}")]
    public static partial void TicketKeysRotated(this ILogger log, int count, DateTimeOffset next);
}
