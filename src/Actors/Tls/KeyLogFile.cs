using System.Threading.Channels;
using Actors443.Certificates;
using Actors443.Telemetry;

namespace Actors443.Tls;

/// <summary>
/// The secrets of TLS sessions in a file of the NSS key log format, for hunting faults. Any thread adds a line and never waits: one writer of its own takes
/// them to the disk, and what it cannot write or cannot keep up with is lost and counted.
/// </summary>
internal sealed class KeyLogFile : IAsyncDisposable
{
    private const int WaitingAtMost = 16 * 1024;
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMinutes(1);

    private readonly string _path;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Channel<byte[]> _lines = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(WaitingAtMost) { SingleReader = true });
    private readonly Task _writing;
    private FileStream? _file;
    private long _lost;
    private long _reportedAt;

    public KeyLogFile(string path, ILogger log, TimeProvider time)
    {
        _path = path;
        _log = log;
        _time = time;
        log.KeyLogOpened(path);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Lines that are not in the file.</summary>
    public long Lost => Volatile.Read(ref _lost);

    public void Write(ReadOnlySpan<byte> line)
    {
        byte[] copy = new byte[line.Length + 1];
        line.CopyTo(copy);
        copy[^1] = (byte)'\n';
        if (!_lines.Writer.TryWrite(copy))
            Interlocked.Increment(ref _lost);
    }

    /// <summary>What was added before is in the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteAsync()
    {
        while (await _lines.Reader.WaitToReadAsync())
        {
            int taken = 0;
            try
            {
                FileStream file = _file ??= Open();
                for (; _lines.Reader.TryRead(out byte[]? line); taken++)
                    file.Write(line);
                file.Flush();
            }
            catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
            {
                Lose(cause, taken);
            }
        }

        Close();
    }

    private void Lose(Exception cause, int lines)
    {
        // What could not be written now would be tried for ever; a new file is tried with the next line.
        for (; _lines.Reader.TryRead(out _); lines++)
        {
        }

        long lost = Interlocked.Add(ref _lost, Math.Max(1, lines));
        Close();
        long now = _time.GetTimestamp();
        if (_reportedAt != 0 && _time.GetElapsedTime(_reportedAt, now) < ReportEvery)
            return;
        _reportedAt = now;
        _log.KeyLogLost(_path, cause.Message, lost);
    }

    private FileStream Open()
    {
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = PrivateFile.OwnerOnly;
        var file = new FileStream(_path, options);
        // One that was there before may be open to others. A device keeps its mode.
        if (!OperatingSystem.IsWindows() && !_path.StartsWith("/dev/", StringComparison.Ordinal))
            File.SetUnixFileMode(file.SafeFileHandle, PrivateFile.OwnerOnly);
        return file;
    }

    private void Close()
    {
        try
        {
            _file?.Dispose();
        }
        catch (IOException)
        {
            // The rest of the buffer on a full disk: counted when it was written.
        }

        _file = null;
    }
}
