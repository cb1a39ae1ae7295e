using Actors443.Server.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Actors443.Server.Telemetry;

/// <summary>
/// Which log entries are written, by category prefix; the longest prefix counts. Can be changed while the server runs. Thread-safe.
/// </summary>
internal sealed class LogLevels : IConfigureOptions<LoggerFilterOptions>, IOptionsChangeTokenSource<LoggerFilterOptions>, IDisposable
{
    /// <summary>These say at Information what our own categories already say, so they start at Warning unless named in the settings.</summary>
    private static readonly string[] Chatty = ["Akka", "Microsoft", "System", "Yarp"];

    private const string RequestDiagnostics = "Microsoft.AspNetCore.Hosting.Diagnostics";

    private LogSettings _settings;
    private CancellationTokenSource _changed = new();

    public LogLevels(LogSettings settings) => _settings = settings;

    /// <summary>The name of the default options.</summary>
    public string? Name => null;

    /// <summary>Puts other levels in force. The format of the log stays as it was at start.</summary>
    public void Apply(LogSettings settings)
    {
        Volatile.Write(ref _settings, settings);
        // The old source is left to the collector: a reader may be about to register with its token.
        Interlocked.Exchange(ref _changed, new CancellationTokenSource()).Cancel();
    }

    public void Configure(LoggerFilterOptions options)
    {
        LogSettings settings = Volatile.Read(ref _settings);
        options.MinLevel = settings.Level;
        options.Rules.Clear();
        foreach (string prefix in Chatty.Where(prefix => settings.Level < LogLevel.Warning))
            options.Rules.Add(Rule(prefix, LogLevel.Warning));
        // What failed at the start is told on one line by the command; the host would tell it again with its stack.
        options.Rules.Add(Rule("Microsoft.Extensions.Hosting", LogLevel.Critical));
        // YARP brings it for a cookie that no setting of ours asks for; it warns of keys that it could not keep.
        options.Rules.Add(Rule("Microsoft.AspNetCore.DataProtection", LogLevel.Error));
        // Enabled at any level, it gives every request an activity and a scope of the log, which nobody reads: telemetry asks for activities by itself.
        if (!settings.Levels.Any(level => RequestDiagnostics.StartsWith(level.Key, StringComparison.Ordinal)))
            options.Rules.Add(Rule(RequestDiagnostics, LogLevel.None));
        // Of two equal prefixes the later rule counts.
        foreach ((string prefix, LogLevel level) in settings.Levels)
            options.Rules.Add(Rule(prefix, level));
    }

    public IChangeToken GetChangeToken() => new CancellationChangeToken(Volatile.Read(ref _changed).Token);

    public void Dispose() => _changed.Dispose();

    private static LoggerFilterRule Rule(string category, LogLevel level) => new(providerName: null, category, level, filter: null);
}
