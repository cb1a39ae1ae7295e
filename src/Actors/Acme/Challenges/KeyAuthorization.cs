using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Actors443.Acme.Protocol;

namespace Actors443.Acme.Challenges;

/// <summary>What challenges are answered with (RFC 8555 8.1, 8.3, 8.4, RFC 8737 3, RFC 8738 6). Stateless.</summary>
internal static class KeyAuthorization
{
    private const int LongestToken = 256;

    /// <summary>Token and account key; for http-01 the body itself.</summary>
    /// <exception cref="AcmeException">The token is not base64url (RFC 8555 8.3), which might name anything in a path.</exception>
    public static string Of(string token, AcmeKey account) =>
        token.Length is > 0 and <= LongestToken && token.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? $"{token}.{account.Thumbprint}"
            : throw new AcmeException(AcmeFailure.BadAnswer, "The CA gave a token that is not base64url; that must not be (RFC 8555 8.1).");

    /// <summary>SHA-256, as the certificate of tls-alpn-01 has it.</summary>
    public static byte[] Digest(string keyAuthorization) => SHA256.HashData(Encoding.ASCII.GetBytes(keyAuthorization));

    /// <summary>The value of the TXT record for dns-01.</summary>
    public static string TxtValue(string keyAuthorization) => Base64Url.EncodeToString(Digest(keyAuthorization));

    /// <summary>The server name that a CA asks for with tls-alpn-01: the name itself, of an address its reverse name.</summary>
    public static string ServerName(AcmeIdentifier identifier) => identifier.Type == AcmeIdentifier.Ip ? ReverseName(IPAddress.Parse(identifier.Value)) : identifier.Value;

    private static string ReverseName(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        Array.Reverse(bytes);
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? string.Join('.', bytes.SelectMany(b => (char[])[HexDigit(b & 15), HexDigit(b >> 4)])) + ".ip6.arpa"
            : string.Join('.', bytes.Select(b => b.ToString(CultureInfo.InvariantCulture))) + ".in-addr.arpa";
    }

    private static char HexDigit(int value) => "0123456789abcdef"[value];
}
