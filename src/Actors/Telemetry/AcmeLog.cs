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

    [LoggerMessage(EventIds.Acme + 7, LogLevel.Information, "{Name}: a certificate on demand is to be had; {Client} asked for it")]
    public static partial void OnDemandOrdered(this ILogger log, string name, System.Net.IPAddress client);

    [LoggerMessage(EventIds.Acme + 8, LogLevel.Information, "{Name}: no certificate on demand, {Why}; it is treated as unknown for {RefusedFor}")]
    public static partial void OnDemandDenied(this ILogger log, string name, string why, TimeSpan refusedFor);

    [LoggerMessage(EventIds.Acme + 9, LogLevel.Warning, "{Name}: whether it may have a certificate on demand could not be asked: {Problem}; asked again in {Pause} at the earliest")]
    public static partial void OnDemandNotAsked(this ILogger log, string name, string problem, TimeSpan pause);

    [LoggerMessage(EventIds.Acme + 10, LogLevel.Information, "{Name}: its certificate on demand is not served or renewed any more, {Why}")]
    public static partial void OnDemandLetGo(this ILogger log, string name, string why);
}
