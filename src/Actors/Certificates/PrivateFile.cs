namespace Actors443.Certificates;

/// <summary>Writes files that must be whole or not there, with their mode from the first moment.</summary>
internal static class PrivateFile
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode Public = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode OwnerOnlyFolder = OwnerOnly | UnixFileMode.UserExecute;

    /// <summary>Temporary file, fsync, rename.</summary>
    /// <exception cref="IOException">The disk is full, or the folder is none.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is somebody else's.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode = OwnerOnly)
    {
        string temporary = $"{path}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        try
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // Of the file that was meant: the same trouble is then told in the same words each time.
            string message = cause.Message.Replace(temporary, path, StringComparison.Ordinal);
            throw cause is IOException ? new IOException(message, cause) : new UnauthorizedAccessException(message, cause);
        }
        finally
        {
            // Moved, unless something went wrong.
            if (File.Exists(temporary))
                File.Delete(temporary);
        }
    }

    /// <summary>Makes the folder, for the owner alone.</summary>
    public static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnerOnlyFolder);
    }
}
