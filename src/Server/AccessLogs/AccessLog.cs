using System.Diagnostics.Metrics;
using Actors443.Server.Configuration;
using Actors443.Server.Telemetry;
using Actors443.Telemetry;

namespace Actors443.Server.AccessLogs;

/// <summary>
/// Finished requests on their way to a file or stdout. A disk that is full or stalls costs entries, which are counted, never a request; when it
/// recovers, so does the log. Thread-safe.
/// </summary>
internal sealed class AccessLog : IAsyncDisposable
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WriteOutWithin = TimeSpan.FromSeconds(5);

    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Counter<long> _dropped;
    private readonly Lock _replacing = new();
    private volatile AccessLogWriter _writer;
    private long _lastReport;

    public AccessLog(AccessLogSettings settings, IMeterFactory meters, ILoggerFactory loggers, TimeProvider time)
    {
        _log = loggers.CreateLogger(LogCategories.AccessLog);
        _time = time;
        _dropped = Actors443Meter.Create(meters).CreateCounter<long>("actors443.access_log.dropped", "{entry}", "Access log entries lost because the queue was full or the file could not be written.");
        _writer = new AccessLogWriter(settings, this, Task.CompletedTask);
    }

    /// <summary>Whether there could be written by other settings than those in force. Opens the file, so that it is there then.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public static void Check(AccessLogSettings settings, AccessLogSettings inForce)
    {
        if (settings == inForce || settings.Format == AccessLogFormat.Off || settings.Path == "stdout")
            return;
        using var file = new RotatingFile(settings.Path, 0, 0, static _ => { });
        file.Append([]);
    }

    public bool IsOn => _writer.Settings.Format != AccessLogFormat.Off;

    public AccessLogRedaction Redaction => _writer.Redaction;

    public void Add(AccessLogEntry entry)
    {
        AccessLogWriter writer = _writer;
        if (writer.TryAdd(entry))
            return;
        // Full; or closed because another has just taken its place.
        AccessLogWriter current = _writer;
        if (current == writer || !current.TryAdd(entry))
            _dropped.Add(1);
    }

    /// <summary>Another format or file from now on. What is queued goes to the former, and is there when this returns, unless the disk stalls.</summary>
    public async Task ApplyAsync(AccessLogSettings settings)
    {
        AccessLogWriter former;
        lock (_replacing)
        {
            if (_writer.Settings == settings)
                return;
            former = _writer;
            _writer = new AccessLogWriter(settings, this, former.Written);
        }

        await CompleteAsync(former);
    }

    /// <summary>Closes the file and opens it anew, after another program has renamed it.</summary>
    public void Reopen() => _writer.Reopen();

    public async ValueTask DisposeAsync() => await CompleteAsync(_writer);

    /// <summary>Counts entries that are lost, and says so once a minute.</summary>
    internal void Lost(int entries, string path, Exception cause)
    {
        _dropped.Add(entries);
        if (IsToBeReported())
            _log.AccessLogFailed(path, cause.Message);
    }

    /// <summary>Says, once a minute, that the file grows on.</summary>
    internal void NotRotated(string path, Exception cause)
    {
        if (IsToBeReported())
            _log.AccessLogNotRotated(path, cause.Message);
    }

    private bool IsToBeReported()
    {
        long now = _time.GetTimestamp();
        long last = Volatile.Read(ref _lastReport);
        return (last == 0 || _time.GetElapsedTime(last, now) >= ReportEvery) && Interlocked.CompareExchange(ref _lastReport, now, last) == last;
    }

    private async Task CompleteAsync(AccessLogWriter writer)
    {
        writer.Complete();
        try
        {
            await writer.Written.WaitAsync(WriteOutWithin, _time);
        }
        catch (TimeoutException stalled)
        {
            Lost(writer.Queued, writer.Settings.Path, stalled);
        }
    }
}
