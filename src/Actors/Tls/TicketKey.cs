using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Actors443.Tls;

/// <summary>One key for session tickets: its name (sent in clear), and the keys of AES-256-CBC and HMAC-SHA-256 (RFC 5077 4). Never on disk.</summary>
internal sealed class TicketKey
{
    public const int NameLength = 16;
    public const int KeyLength = 32;

    /// <summary>Of all of it.</summary>
    public const int Length = NameLength + 2 * KeyLength;

    // Pinned, so that zeroing leaves no copy that a moving collector made.
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Length, pinned: true);

    private TicketKey()
    {
    }

    public ReadOnlySpan<byte> Name => _bytes.AsSpan(0, NameLength);

    public ReadOnlySpan<byte> CipherKey => _bytes.AsSpan(NameLength, KeyLength);

    public ReadOnlySpan<byte> MacKey => _bytes.AsSpan(NameLength + KeyLength, KeyLength);

    public static TicketKey Random()
    {
        var key = new TicketKey();
        RandomNumberGenerator.Fill(key._bytes);
        return key;
    }

    /// <summary>One that was made elsewhere.</summary>
    /// <param name="bytes"><see cref="Length"/> of them, as <see cref="CopyTo"/> gives them.</param>
    public static TicketKey Of(ReadOnlySpan<byte> bytes)
    {
        var key = new TicketKey();
        bytes[..Length].CopyTo(key._bytes);
        return key;
    }

    /// <summary>The same for the same secret and period, in every process (HKDF, RFC 5869).</summary>
    public static TicketKey Derive(ReadOnlySpan<byte> secret, long period)
    {
        var key = new TicketKey();
        byte[] info = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"actors443 session ticket key {period}"));
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key._bytes, salt: [], info);
        return key;
    }

    /// <summary>For a node that may have it. Zero the copy after use.</summary>
    public void CopyTo(Span<byte> bytes) => _bytes.CopyTo(bytes);

    public void Zero() => CryptographicOperations.ZeroMemory(_bytes);
}
