using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Server.AccessLogs;

/// <summary>A log file that is renamed to <c>.1</c>, <c>.2</c>, … when it has grown.</summary>
/// <param name="path">The file.</param>
/// <param name="rotateBytes">It is rotated before it gets larger than this; 0: never.</param>
/// <param name="keep">Rotated files kept.</param>
/// <param name="notRotated">Told why the file could not be renamed; it grows on.</param>
/// <param name="isPrivate">Only its owner may read it; else its group may, too.</param>
internal sealed class RotatingFile(string path, long rotateBytes, int keep, Action<Exception> notRotated, bool isPrivate = false) : IAccessLogFile
{
    private FileStream? _file;

    public void Append(ReadOnlySpan<byte> lines)
    {
        _file ??= Open();
        // Others may have cut it or appended to it: a write goes where the end is now.
        long end = _file.CanSeek ? _file.Seek(0, SeekOrigin.End) : 0;
        if (rotateBytes > 0 && end > 0 && end + lines.Length > rotateBytes && TryRotate())
        {
            _file = Open();
            end = 0;
        }

        try
        {
            _file.Write(lines);
        }
        catch (IOException)
        {
            // On a full disk the first part may have found room; without its end it would spoil the next line.
            CutTo(end);
            throw;
        }
    }

    private void CutTo(long end)
    {
        try
        {
            if (_file!.Length > end)
                _file.SetLength(end);
        }
        catch (Exception cause) when (cause is IOException or NotSupportedException)
        {
            // A device or a pipe; what matters is why it could not be written.
        }
    }

    public void Close()
    {
        FileStream? file = _file;
        _file = null;
        try
        {
            file?.Dispose();
        }
        catch (IOException)
        {
            // What could not be written was reported when it was tried.
        }
    }

    public void Dispose() => Close();

    private FileStream Open()
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
            Directory.CreateDirectory(folder);
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | (isPrivate ? UnixFileMode.None : UnixFileMode.GroupRead);
        var file = new FileStream(path, options);
        // Of two processes that write while one replaces the other, none overwrites the other's lines.
        if (OperatingSystem.IsLinux())
            _ = LibC.fcntl((int)file.SafeFileHandle.DangerousGetHandle(), LibC.SetStatusFlags, LibC.Append);
        return file;
    }

    // True: the file is closed and has another name.
    private bool TryRotate()
    {
        try
        {
            if (keep == 0)
            {
                File.Delete(path);
            }
            else
            {
                for (int number = keep - 1; number >= 1; number--)
                {
                    if (File.Exists($"{path}.{number}"))
                        File.Move($"{path}.{number}", $"{path}.{number + 1}", overwrite: true);
                }

                File.Move(path, $"{path}.1", overwrite: true);
            }
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            notRotated(cause);
            return false;
        }

        Close();
        return true;
    }
}
