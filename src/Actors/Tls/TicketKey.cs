using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Actors443.Tls;

/// <summary>One key for session tickets: its name (sent in clear), and the keys of AES-256-CBC and HMAC-SHA-256 (RFC 5077 4). Never on disk.</summary>
internal sealed class TicketKey
{
    public const int NameLength = 16;
    public const int KeyLength = 32;

    // Pinned, so that zeroing leaves no copy that a moving collector made.
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(NameLength + 2 * KeyLength, pinned: true);

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

    /// <summary>The same for the same secret and period, in every process (HKDF, RFC 5869).</summary>
    public static TicketKey Derive(ReadOnlySpan<byte> secret, long period)
    {
        var key = new TicketKey();
        byte[] info = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"actors443 session ticket key {period}"));
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key._bytes, salt: [], info);
        return key;
    }

    public void Zero() => CryptographicOperations.ZeroMemory(_bytes);
}
