using System.Security.Cryptography;

namespace Actors443.Certificates;

/// <summary>Takes PEM apart (RFC 7468). Stateless.</summary>
internal static class PemBlocks
{
    /// <summary>What is in it, in its order; a block that is not whole is passed over.</summary>
    public static IEnumerable<(string Label, byte[] Der)> Of(string pem)
    {
        for (int start = 0; PemEncoding.TryFind(pem.AsSpan(start), out PemFields fields); start += fields.Location.End.Value)
        {
            ReadOnlySpan<char> rest = pem.AsSpan(start);
            byte[] der = new byte[fields.DecodedDataLength];
            _ = Convert.TryFromBase64Chars(rest[fields.Base64Data], der, out _);
            yield return (rest[fields.Label].ToString(), der);
        }
    }
}
