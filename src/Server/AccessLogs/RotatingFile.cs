namespace Actors443.Server.AccessLogs;

/// <summary>A log file that is renamed to <c>.1</c>, <c>.2</c>, … when it has grown. Used by one thread.</summary>
internal sealed class RotatingFile(string path, long rotateBytes, int keep) : IDisposable
{
    private FileStream? _file;

    /// <summary>Appends whole lines, rotating first if they would not fit.</summary>
    /// <exception cref="IOException">The disk is full or the file cannot be written.</exception>
    public void Append(ReadOnlySpan<byte> lines)
    {
        _file ??= Open();
        if (rotateBytes > 0 && _file.Position > 0 && _file.Position + lines.Length > rotateBytes)
        {
            Dispose();
            Rotate();
            _file = Open();
        }

        _file.Write(lines);
        _file.Flush();
    }

    /// <summary>Closes the file; the next write opens what then has its name.</summary>
    public void Dispose()
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

    private FileStream Open()
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
            Directory.CreateDirectory(folder);
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        return new FileStream(path, options);
    }

    private void Rotate()
    {
        if (keep == 0)
        {
            File.Delete(path);
            return;
        }

        File.Delete($"{path}.{keep}");
        for (int number = keep - 1; number >= 1; number--)
        {
            if (File.Exists($"{path}.{number}"))
                File.Move($"{path}.{number}", $"{path}.{number + 1}");
        }

        File.Move(path, $"{path}.1");
    }
}
