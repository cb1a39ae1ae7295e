using System.Net;
using System.Security.Cryptography;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>A body of so many bytes that counts how far the server has taken it.</summary>
internal sealed class CountedContent(int size) : HttpContent
{
    private long _written;

    public long Written => Volatile.Read(ref _written);

    /// <summary>Part of what every such body holds.</summary>
    public static byte[] Bytes(int from, int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
            bytes[i] = (byte)((from + i) * 31 >> 3);
        return bytes;
    }

    public static string Digest(int size) => Digest(Bytes(0, size));

    public static string Digest(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        const int Part = 16 * 1024;
        for (int at = 0; at < size; at += Part)
        {
            await stream.WriteAsync(Bytes(at, Math.Min(Part, size - at)));
            await stream.FlushAsync();
            Interlocked.Add(ref _written, Math.Min(Part, size - at));
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = size;
        return true;
    }
}
