namespace Actors443.Testing;

/// <summary>Writes every byte by itself, as the worst network would.</summary>
public sealed class TrickleStream(Stream inner) : PassThroughStream(inner)
{
    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (int i = 0; i < buffer.Length; i++)
        {
            await Inner.WriteAsync(buffer.Slice(i, 1), cancellationToken);
            await Task.Yield();
        }
    }

    /// <summary>Would go past what this stream is for.</summary>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
