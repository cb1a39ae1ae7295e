namespace Actors443.Server.AccessLogs;

/// <summary>Where lines go. Used by one thread.</summary>
internal interface IAccessLogFile : IDisposable
{
    /// <summary>Appends whole lines.</summary>
    /// <exception cref="IOException">The disk is full or the file cannot be written.</exception>
    void Append(ReadOnlySpan<byte> lines);

    /// <summary>Closes the file; the next write opens what then has its name.</summary>
    void Close();
}

/// <summary><c>path = stdout</c>.</summary>
internal sealed class StandardOutput : IAccessLogFile
{
    private readonly Stream _stream = Console.OpenStandardOutput();

    public void Append(ReadOnlySpan<byte> lines) => _stream.Write(lines);

    public void Close()
    {
    }

    public void Dispose() => _stream.Dispose();
}
