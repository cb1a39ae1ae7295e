using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Actors443.Cluster.Identity;

/// <summary>Seals what only nodes may read (AES-256-GCM), each for one purpose: what was sealed for another does not open. Thread-safe.</summary>
internal sealed class ClusterSeal(ClusterKeys keys)
{
    private const byte Version = 1;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int Overhead = 1 + NonceLength + TagLength;

    /// <param name="plain">What to seal.</param>
    /// <param name="purpose">What it is.</param>
    /// <param name="generation">Which of it; must be the same to open it.</param>
    public byte[] Seal(ReadOnlySpan<byte> plain, string purpose, long generation)
    {
        byte[] sealedBytes = new byte[Overhead + plain.Length];
        sealedBytes[0] = Version;
        Span<byte> nonce = sealedBytes.AsSpan(1, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(keys.Sealing, TagLength);
        cipher.Encrypt(nonce, plain, sealedBytes.AsSpan(Overhead), sealedBytes.AsSpan(1 + NonceLength, TagLength), Associated(purpose, generation));
        return sealedBytes;
    }

    /// <summary>What was sealed; null: it was sealed with another secret, for another purpose, or changed since.</summary>
    public byte[]? Open(ReadOnlySpan<byte> sealedBytes, string purpose, long generation)
    {
        if (sealedBytes.Length < Overhead || sealedBytes[0] != Version)
            return null;
        byte[] plain = new byte[sealedBytes.Length - Overhead];
        using var cipher = new AesGcm(keys.Sealing, TagLength);
        try
        {
            cipher.Decrypt(sealedBytes.Slice(1, NonceLength), sealedBytes[Overhead..], sealedBytes.Slice(1 + NonceLength, TagLength), plain, Associated(purpose, generation));
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static byte[] Associated(string purpose, long generation)
    {
        byte[] name = Encoding.UTF8.GetBytes(purpose);
        byte[] bytes = new byte[8 + name.Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, generation);
        name.CopyTo(bytes, 8);
        return bytes;
    }
}
