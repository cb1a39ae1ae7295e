using System.Buffers;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Actors443.Server.Configuration;
using Actors443.Server.Telemetry;
using Actors443.Telemetry;

namespace Actors443.Server.AccessLogs;

/// <summary>
/// Writes finished requests from a bounded queue on one thread. A disk that is full or stalls costs entries, which are counted, never a request;
/// when it recovers, so does the log.
/// </summary>
internal sealed class AccessLog : IAsyncDisposable
{
    private const int BatchBytes = 64 * 1024;
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMinutes(1);

    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Counter<long> _dropped;
    private readonly Lock _replacing = new();
    private volatile Sink _sink;

    public AccessLog(AccessLogSettings settings, IMeterFactory meters, ILoggerFactory loggers, TimeProvider time)
    {
        _log = loggers.CreateLogger("Actors443.AccessLog");
        _time = time;
        _dropped = Actors443Meter.Create(meters).CreateCounter<long>("actors443.access_log.dropped", "{entry}", "Access log entries lost because the queue was full or the file could not be written.");
        _sink = new Sink(settings, this);
    }

    public bool IsOn => _sink.Settings.Format != AccessLogFormat.Off;

    public AccessLogSettings Settings => _sink.Settings;

    public void Add(AccessLogEntry entry)
    {
        if (!_sink.TryAdd(entry))
            _dropped.Add(1);
    }

    /// <summary>Another format or file from now on. What is queued goes to the former.</summary>
    public async Task ApplyAsync(AccessLogSettings settings)
    {
        Sink former;
        lock (_replacing)
        {
            if (_sink.Settings == settings)
                return;
            former = _sink;
            _sink = new Sink(settings, this);
        }

        await former.CompleteAsync();
    }

    /// <summary>Closes the file and opens it anew, after another program has renamed it.</summary>
    public void Reopen() => _sink.Reopen();

    public async ValueTask DisposeAsync() => await _sink.CompleteAsync();

    private sealed class Sink
    {
        private readonly AccessLog _owner;
        private readonly Channel<AccessLogEntry> _queue;
        private readonly Task _writing;
        private readonly RotatingFile? _file;
        private volatile bool _reopen;
        private long _lastReport;

        public Sink(AccessLogSettings settings, AccessLog owner)
        {
            Settings = settings;
            _owner = owner;
            _queue = Channel.CreateBounded<AccessLogEntry>(new BoundedChannelOptions(Math.Max(1, settings.QueueLength)) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
            _file = settings.Path == "stdout" ? null : new RotatingFile(settings.Path, settings.RotateBytes, settings.Keep);
            _writing = settings.Format == AccessLogFormat.Off ? Task.CompletedTask : Task.Factory.StartNew(WriteAllAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        }

        public AccessLogSettings Settings { get; }

        public bool TryAdd(AccessLogEntry entry) => Settings.Format == AccessLogFormat.Off || _queue.Writer.TryWrite(entry);

        public void Reopen() => _reopen = true;

        public Task CompleteAsync()
        {
            _queue.Writer.TryComplete();
            return _writing;
        }

        private async Task WriteAllAsync()
        {
            var lines = new ArrayBufferWriter<byte>(BatchBytes);
            using Stream stdout = Console.OpenStandardOutput();
            while (await _queue.Reader.WaitToReadAsync())
            {
                int count = 0;
                while (lines.WrittenCount < BatchBytes && _queue.Reader.TryRead(out AccessLogEntry? entry))
                {
                    AccessLogFormatter.Write(entry, Settings.Format, lines);
                    count++;
                }

                Flush(lines.WrittenSpan, count, stdout);
                lines.ResetWrittenCount();
            }

            _file?.Dispose();
        }

        private void Flush(ReadOnlySpan<byte> lines, int count, Stream stdout)
        {
            try
            {
                if (_reopen)
                {
                    _reopen = false;
                    _file?.Dispose();
                }

                if (_file is null)
                    stdout.Write(lines);
                else
                    _file.Append(lines);
            }
            catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
            {
                _file?.Dispose();
                _owner._dropped.Add(count);
                Report(cause);
            }
        }

        private void Report(Exception cause)
        {
            long now = _owner._time.GetTimestamp();
            if (_lastReport != 0 && _owner._time.GetElapsedTime(_lastReport, now) < ReportEvery)
                return;
            _lastReport = now;
            _owner._log.AccessLogFailed(Settings.Path, cause.Message);
        }
    }
}
