namespace Actors443.Telemetry;

internal static partial class DnsLog
{
    [LoggerMessage(EventIds.Dns + 0, LogLevel.Warning, "DNS upstream {Upstream} is down: {Problem}. It is tried every {Interval} and asked only if all others are down too")]
    public static partial void UpstreamDown(this ILogger log, string upstream, string problem, TimeSpan interval);

    [LoggerMessage(EventIds.Dns + 1, LogLevel.Information, "DNS upstream {Upstream} answers again")]
    public static partial void UpstreamUp(this ILogger log, string upstream);

    [LoggerMessage(EventIds.Dns + 2, LogLevel.Debug, "{Name} could not be looked up: {Problem}")]
    public static partial void LookupFailed(this ILogger log, string name, string problem);

    [LoggerMessage(EventIds.Dns + 3, LogLevel.Error, "The lookup of {Name} failed; clients get SERVFAIL")]
    public static partial void LookupBroke(this ILogger log, Exception cause, string name);

    [LoggerMessage(EventIds.Dns + 5, LogLevel.Warning, "{Problem}")]
    public static partial void DnsFileProblem(this ILogger log, string problem);

    [LoggerMessage(EventIds.Dns + 6, LogLevel.Information, "DNS files are read: {Names} names of our own, {Blocked} blocked")]
    public static partial void DnsFilesRead(this ILogger log, int names, int blocked);

    [LoggerMessage(EventIds.Dns + 7, LogLevel.Error, "The files of dns.hosts and dns.block.lists cannot be read: {Problem} What they said before stands")]
    public static partial void DnsFilesFailed(this ILogger log, string problem);

    [LoggerMessage(EventIds.Dns + 4, LogLevel.Information, "The resolver asks {Upstreams} and answers {Networks}")]
    public static partial void ResolverReady(this ILogger log, string upstreams, string networks);
}
