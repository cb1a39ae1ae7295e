using System.Buffers;
using System.Threading.Channels;
using Actors443.Server.Configuration;

namespace Actors443.Server.AccessLogs;

/// <summary>Writes entries from a bounded queue to one place in one format, on a thread of its own: a disk that stalls must not hold one of the pool.</summary>
internal sealed class AccessLogWriter
{
    private const int BatchBytes = 64 * 1024;

    private readonly AccessLog _owner;
    private readonly Task _before;
    private readonly Channel<AccessLogEntry> _queue;
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _reopen;

    /// <param name="settings">Where to and how.</param>
    /// <param name="owner">Counts what is lost.</param>
    /// <param name="before">Awaited before anything is written: another writer may have the same file.</param>
    public AccessLogWriter(AccessLogSettings settings, AccessLog owner, Task before)
    {
        Redaction = new AccessLogRedaction(settings);
        _owner = owner;
        _before = before;
        _queue = Channel.CreateBounded<AccessLogEntry>(new BoundedChannelOptions(Math.Max(1, settings.QueueLength)) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        if (settings.Format == AccessLogFormat.Off)
            _written.SetResult();
        else
            new Thread(WriteAll) { IsBackground = true, Name = "access log" }.Start();
    }

    public AccessLogSettings Settings => Redaction.Settings;

    public AccessLogRedaction Redaction { get; }

    /// <summary>Done when the last entry is written.</summary>
    public Task Written => _written.Task;

    public int Queued => _queue.Reader.Count;

    /// <summary>False: the queue is full, or closed.</summary>
    public bool TryAdd(AccessLogEntry entry) => Settings.Format == AccessLogFormat.Off || _queue.Writer.TryWrite(entry);

    public void Reopen() => _reopen = true;

    /// <summary>No more entries are taken; those in the queue are written.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    private void WriteAll()
    {
        try
        {
            _before.Wait();
            using IAccessLogFile file = Settings.Path == "stdout"
                ? new StandardOutput()
                : new RotatingFile(Settings.Path, Settings.RotateBytes, Settings.Keep, cause => _owner.NotRotated(Settings.Path, cause));
            var lines = new ArrayBufferWriter<byte>(BatchBytes);
            while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                int count = 0;
                while (lines.WrittenCount < BatchBytes && _queue.Reader.TryRead(out AccessLogEntry? entry))
                {
                    AccessLogFormatter.Write(entry, Settings.Format, lines);
                    count++;
                }

                Write(file, lines.WrittenSpan, count);
                lines.ResetWrittenCount();
            }
        }
        finally
        {
            _written.SetResult();
        }
    }

    private void Write(IAccessLogFile file, ReadOnlySpan<byte> lines, int count)
    {
        try
        {
            if (_reopen)
            {
                _reopen = false;
                file.Close();
            }

            file.Append(lines);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            file.Close();
            _owner.Lost(count, Settings.Path, cause);
        }
    }
}
