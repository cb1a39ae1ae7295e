namespace Actors443.IntegrationTests.Engine;

/// <summary>So many bytes that no order, loss or repetition of theirs goes unnoticed.</summary>
internal sealed class NoiseStream(long length) : Stream
{
    private const int Part = 60_000;

    private static readonly byte[] Noise = CreateNoise();

    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public static async Task WriteAsync(Stream destination, long length, CancellationToken cancellationToken)
    {
        using var noise = new NoiseStream(length);
        await noise.CopyToAsync(destination, Part, cancellationToken);
    }

    public override int Read(Span<byte> buffer)
    {
        int offset = (int)(_position % Noise.Length);
        int count = (int)Math.Min(Math.Min(buffer.Length, length - _position), Noise.Length - offset);
        Noise.AsSpan(offset, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static byte[] CreateNoise()
    {
        // A prime length: no block size hides a shift.
        byte[] noise = new byte[1_000_003];
        new Random(443).NextBytes(noise);
        return noise;
    }
}
