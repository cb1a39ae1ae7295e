using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Actors443.Acme.Protocol;

/// <summary>JSON Web Signatures in the flattened form that ACME uses (RFC 7515 7.2.2, RFC 8555 6.2). Stateless.</summary>
internal static class Jws
{
    /// <summary>A request, signed.</summary>
    /// <param name="key">The account's, or the certificate's.</param>
    /// <param name="account">Its URL, the <c>kid</c>; null: the key itself is sent, as for a new account.</param>
    /// <param name="url">Where the request goes.</param>
    /// <param name="nonce">Null: none, as in the inner signature of a key rollover (RFC 8555 7.3.5).</param>
    /// <param name="payload">Empty: POST-as-GET (RFC 8555 6.3).</param>
    public static byte[] Sign(AcmeKey key, Uri? account, Uri url, string? nonce, ReadOnlySpan<byte> payload)
    {
        byte[] header = Json(writer =>
        {
            writer.WriteString("alg", key.Algorithm);
            if (account is null)
            {
                writer.WritePropertyName("jwk");
                writer.WriteRawValue(key.Jwk);
            }
            else
            {
                writer.WriteString("kid", account.OriginalString);
            }

            if (nonce is not null)
                writer.WriteString("nonce", nonce);
            writer.WriteString("url", url.OriginalString);
        });
        return Flatten(header, payload, key.Sign);
    }

    /// <summary>The proof that an account of the CA's own kind is ours (RFC 8555 7.3.4): the ACME account's key under the MAC of the other account.</summary>
    public static byte[] Bind(ExternalAccountBinding binding, AcmeKey key, Uri newAccount)
    {
        byte[] header = Json(writer =>
        {
            writer.WriteString("alg", binding.AlgorithmName);
            writer.WriteString("kid", binding.KeyId);
            writer.WriteString("url", newAccount.OriginalString);
        });
        return Flatten(header, Encoding.ASCII.GetBytes(key.Jwk), binding.Mac);
    }

    /// <summary>The three members, from a protected header and a payload as they are.</summary>
    public static byte[] Flatten(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, Func<byte[], byte[]> sign)
    {
        string protectedPart = Base64Url.EncodeToString(header);
        string payloadPart = Base64Url.EncodeToString(payload);
        byte[] signature = sign(Encoding.ASCII.GetBytes($"{protectedPart}.{payloadPart}"));
        return Json(writer =>
        {
            writer.WriteString("protected", protectedPart);
            writer.WriteString("payload", payloadPart);
            writer.WriteString("signature", Base64Url.EncodeToString(signature));
        });
    }

    /// <summary>A JSON object as UTF-8.</summary>
    public static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
