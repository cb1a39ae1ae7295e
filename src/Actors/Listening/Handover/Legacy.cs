using System.Buffers.Binary;
using System.Security.Cryptography;
using Actors443.Tls;

namespace Actors443.Listening.Handover;

/// <summary>What a process leaves to the one that replaces it, besides its sockets: the ticket keys, so that its clients resume there. It goes over a socket between the two and is never written down.</summary>
/// <param name="Keys">The one that seals first.</param>
/// <param name="RotateAt">When the next is due.</param>
internal sealed record Legacy(IReadOnlyList<TicketKey> Keys, DateTimeOffset RotateAt)
{
    /// <summary>What the new process says when it serves.</summary>
    public const byte Served = (byte)'S';

    // Of the form of it all; another version reads no further.
    private const byte Version = 1;

    private const int HeadLength = 1 + sizeof(long) + 1;

    public static Legacy Of(TicketKeyRing ring) => new(ring.Keys, ring.RotateAt);

    public async Task WriteAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(HeadLength + Keys.Count * TicketKey.Length, pinned: true);
        try
        {
            bytes[0] = Version;
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(1), RotateAt.UtcTicks);
            bytes[HeadLength - 1] = checked((byte)Keys.Count);
            for (int index = 0; index < Keys.Count; index++)
                Keys[index].CopyTo(bytes.AsSpan(HeadLength + index * TicketKey.Length));
            await stream.WriteAsync(bytes, cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <exception cref="IOException">It ends too early, or is of another version.</exception>
    public static async Task<Legacy> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] head = new byte[HeadLength];
        await stream.ReadExactlyAsync(head, cancellationToken);
        if (head[0] != Version)
            throw new IOException($"the process that runs hands over in form {head[0]}, this one knows {Version}");
        byte[] bytes = GC.AllocateUninitializedArray<byte>(head[^1] * TicketKey.Length, pinned: true);
        try
        {
            await stream.ReadExactlyAsync(bytes, cancellationToken);
            return new Legacy([.. bytes.Chunk(TicketKey.Length).Select(Take)], new DateTimeOffset(BinaryPrimitives.ReadInt64BigEndian(head.AsSpan(1)), TimeSpan.Zero));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }

        static TicketKey Take(byte[] bytes)
        {
            var key = TicketKey.Of(bytes);
            CryptographicOperations.ZeroMemory(bytes);
            return key;
        }
    }
}
