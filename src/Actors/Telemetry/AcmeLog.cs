namespace Actors443.Telemetry;

internal static partial class AcmeLog
{
    [LoggerMessage(EventIds.Acme + 0, LogLevel.Information, "{Names}: {What}")]
    public static partial void AcmeStep(this ILogger log, string names, string what);

    [LoggerMessage(EventIds.Acme + 1, LogLevel.Warning, "{Names}: no certificate from {Issuer} this time. {Problem} The next attempt is at {Next:u}; what is served stays")]
    public static partial void AcmeFailed(this ILogger log, string names, string issuer, string problem, DateTimeOffset next);

    [LoggerMessage(EventIds.Acme + 2, LogLevel.Information, "{Names}: certificate of {Issuer} installed, valid until {NotAfter:u} (generation {Generation})")]
    public static partial void AcmeInstalled(this ILogger log, string names, string issuer, DateTimeOffset notAfter, long generation);

    [LoggerMessage(EventIds.Acme + 3, LogLevel.Warning, "{Problem}")]
    public static partial void AcmeStateUnusable(this ILogger log, string problem);

    [LoggerMessage(EventIds.Acme + 4, LogLevel.Information, "Account with {Issuer}: {Url}")]
    public static partial void AcmeAccount(this ILogger log, string issuer, Uri url);

    [LoggerMessage(EventIds.Acme + 5, LogLevel.Error, "{Actor} failed and starts again in {Pause}; the certificates published go on being served")]
    public static partial void AcmeActorFailed(this ILogger log, Exception cause, string actor, TimeSpan pause);

    [LoggerMessage(EventIds.Acme + 6, LogLevel.Information, "The budget of {Issuer} is used up: {Waiting} orders wait until {Until:u}")]
    public static partial void AcmeBudgetUsed(this ILogger log, string issuer, int waiting, DateTimeOffset until);
}
