using Actors443.Server.Configuration;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Actors443.Server.Telemetry;

/// <summary>
/// Sets the process's log up: text for people or a JSON object a line, always on standard error. Standard output is for what was asked
/// for: the start-up banner, the tables of the commands, and the access log.
/// </summary>
internal static class ServerLogging
{
    /// <summary>Replaces every logging provider by ours, and registers <see cref="LogLevels"/>.</summary>
    /// <param name="logging">Of the process.</param>
    /// <param name="settings"><c>log</c>.</param>
    /// <param name="forTerminal">Standard error is a terminal: short local times, and colour where <paramref name="colour"/> says so.</param>
    /// <param name="colour">False for <c>NO_COLOR</c>.</param>
    public static ILoggingBuilder AddServerLog(this ILoggingBuilder logging, LogSettings settings, bool forTerminal, bool colour)
    {
        var levels = new LogLevels(settings);
        logging.ClearProviders();
        logging.Services.AddSingleton(levels);
        logging.Services.AddSingleton<IConfigureOptions<LoggerFilterOptions>>(levels);
        logging.Services.AddSingleton<IOptionsChangeTokenSource<LoggerFilterOptions>>(levels);
        logging.AddConsole(console =>
        {
            console.FormatterName = settings.Json ? JsonLogFormatter.FormatterName : TextLogFormatter.FormatterName;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            // A reader of standard error that stands still must not hold the server.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
            console.MaxQueueLength = 10_000;
        });
        logging.Services.AddSingleton<ConsoleFormatter>(new TextLogFormatter(forTerminal, colour && forTerminal));
        logging.Services.AddSingleton<ConsoleFormatter>(new JsonLogFormatter());
        return logging;
    }
}
