using System.Text.Json;
using Actors443.Server.AccessLogs;
using Actors443.Server.Configuration;
using Actors443.Server.Telemetry;
using Actors443.Telemetry;

namespace Actors443.Server.Admin.Audit;

/// <summary>A change, or an attempt at one.</summary>
/// <param name="Time">When it was over.</param>
/// <param name="Who">Such as <c>token:1a2b3c4d</c>, <c>unix:root</c>, <c>certificate:ops</c>, <c>SIGHUP</c>, <c>a changed file</c>; <c>nobody</c>: it was not let in.</param>
/// <param name="From">Address or process; null: this one.</param>
/// <param name="What">Such as <c>PUT /api/v1/configuration</c>.</param>
/// <param name="Result">Such as <c>200</c>, <c>applied</c>.</param>
/// <param name="Detail">What it came to; null: nothing to add.</param>
internal sealed record AuditEntry(DateTimeOffset Time, string Who, string? From, string What, string Result, string? Detail);

/// <summary>Who changed what, from where and with what result: in the log, and as JSON lines in a file that only the server's user can read. Thread-safe.</summary>
internal sealed class AuditLog : IDisposable
{
    private const long RotateBytes = 10L * 1024 * 1024;
    private const int Keep = 10;

    private readonly Lock _writing = new();
    private readonly RotatingFile? _file;
    private readonly string? _path;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    /// <param name="settings">Where the file is.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Make the log.</param>
    public AuditLog(ServerSettings settings, TimeProvider time, ILoggerFactory loggers)
    {
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Admin);
        _path = PathFor(settings);
        _file = _path is null ? null : new RotatingFile(_path, RotateBytes, Keep, cause => _log.AuditNotRotated(_path, cause.Message), isPrivate: true);
    }

    /// <summary>Where the settings put the file; null: there is none.</summary>
    public static string? PathFor(ServerSettings settings) =>
        settings.Admin.WriteAuditFile ? settings.Admin.AuditFile ?? Path.Combine(settings.Core.StateDirectory, "audit.jsonl") : null;

    /// <summary>Returns when it is written. A file that cannot be written is said to be so, and does not undo the change.</summary>
    public void Add(string who, string? from, string what, string result, string? detail)
    {
        _log.Audited(who, from ?? "this process", what, result, detail ?? "");
        if (_file is null)
            return;
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(new AuditEntry(_time.GetUtcNow(), who, from, what, result, detail), AdminJson.Options), (byte)'\n'];
        lock (_writing)
        {
            try
            {
                _file.Append(line);
            }
            catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
            {
                _file.Close();
                _log.AuditNotWritten(_path!, cause.Message);
            }
        }
    }

    public void Dispose()
    {
        lock (_writing)
            _file?.Dispose();
    }
}
