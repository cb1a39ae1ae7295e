using Actors443.Engine.EventLoop.Interop;
using Actors443.Tls;

namespace Actors443.Engine.EventLoop.Tls;

/// <summary>Seals and opens session tickets with the keys of a ring: AES-256-CBC and HMAC-SHA-256 (RFC 5077 4).</summary>
internal static unsafe class TicketSeal
{
    private const int VectorLength = 16;

    // Looked up once: by name at each ticket it would cost more than the ticket.
    private static readonly nint Cipher = OpenSsl.EVP_CIPHER_fetch(0, "AES-256-CBC", 0);
    private static readonly nint Digest = OpenSsl.EVP_MD_fetch(0, "SHA256", 0);

    /// <returns>As OpenSSL's callback.</returns>
    public static int Apply(TicketKeyRing ring, nint ssl, byte* name, byte* vector, nint cipher, nint mac, bool seal)
    {
        TicketKey? key = seal ? ring.Current : ring.Find(new ReadOnlySpan<byte>(name, TicketKey.NameLength));
        if (key is null)
            return OpenSsl.TicketUnknown;
        if (seal)
        {
            key.Name.CopyTo(new Span<byte>(name, TicketKey.NameLength));
            if (OpenSsl.RAND_bytes(vector, VectorLength) != 1)
                return -1;
        }

        fixed (byte* cipherKey = key.CipherKey)
        fixed (byte* macKey = key.MacKey)
        {
            if (OpenSsl.HMAC_Init_ex(mac, macKey, TicketKey.KeyLength, Digest, 0) != 1)
                return -1;
            int ready = seal
                ? OpenSsl.EVP_EncryptInit_ex(cipher, Cipher, 0, cipherKey, vector)
                : OpenSsl.EVP_DecryptInit_ex(cipher, Cipher, 0, cipherKey, vector);
            if (ready != 1)
                return -1;
        }

        // RFC 8446 C.4: a TLS 1.3 ticket is used once, so that the client needs another.
        return seal || (key == ring.Current && OpenSsl.SSL_version(ssl) != OpenSsl.Tls13) ? OpenSsl.TicketOk : OpenSsl.TicketRenew;
    }
}
