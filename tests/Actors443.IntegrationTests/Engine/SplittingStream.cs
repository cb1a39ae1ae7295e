using Actors443.Testing;

namespace Actors443.IntegrationTests.Engine;

/// <summary>Passes what is written on in pieces of any size, one write a piece: TLS records arrive cut everywhere.</summary>
internal sealed class SplittingStream(Stream inner, Random random) : PassThroughStream(inner)
{
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            int piece = Math.Min(buffer.Length, random.Next(1, 1 << random.Next(1, 14)));
            await Inner.WriteAsync(buffer[..piece], cancellationToken);
            buffer = buffer[piece..];
        }
    }
}
