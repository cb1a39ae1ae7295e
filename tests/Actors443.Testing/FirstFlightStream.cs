namespace Actors443.Testing;

/// <summary>Takes what is written and answers with the end: what a client says first, by itself.</summary>
public sealed class FirstFlightStream : MemoryStream
{
    /// <summary>All that was written.</summary>
    public List<byte> Written { get; } = [];

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(0);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Written.AddRange(buffer.Span);
        return ValueTask.CompletedTask;
    }
}
