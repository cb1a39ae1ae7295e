using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration.Reading;

namespace Actors443.Identities;

/// <summary>Who somebody is, by one of the ways to prove or to say it. Immutable; equal if kind and text are.</summary>
public sealed record Identity
{
    /// <summary>Of a name, in characters.</summary>
    public const int LongestName = 256;

    private const string HashPrefix = "sha256:";

    private Identity(IdentityKind kind, string id)
    {
        Kind = kind;
        Id = id;
    }

    /// <summary>What kind of identity.</summary>
    public IdentityKind Kind { get; }

    /// <summary>A name, or <c>sha256:</c> and 64 hexadecimal digits in lower case.</summary>
    public string Id { get; }

    /// <summary>This client certificate.</summary>
    public static Identity Certificate(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return new Identity(IdentityKind.Certificate, FingerprintOf(certificate));
    }

    /// <summary>Every client certificate over the key of this one.</summary>
    public static Identity CertificateKey(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return new Identity(IdentityKind.CertificateKey, KeyFingerprintOf(certificate));
    }

    /// <summary>The account for tunnels of that name.</summary>
    /// <exception cref="FormatException">It is empty or too long.</exception>
    public static Identity Account(string name) => Parse(IdentityKind.Account, name);

    /// <summary>This token of an account.</summary>
    /// <param name="token">The token itself; its hash is kept.</param>
    public static Identity Token(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return new Identity(IdentityKind.Token, HashPrefix + TunnelSettingsReading.HashOf(token));
    }

    /// <summary>Whom the application calls so.</summary>
    /// <exception cref="FormatException">It is empty or too long.</exception>
    public static Identity Principal(string name) => Parse(IdentityKind.Principal, name);

    /// <summary>Reads <see cref="Id"/>; fingerprints also with colons and in upper case, as openssl writes them.</summary>
    /// <exception cref="FormatException">It is none of that kind; the message says what to write.</exception>
    public static Identity Parse(IdentityKind kind, string id) => TryParse(kind, id, out Identity? identity, out string? problem) ? identity : throw new FormatException(problem);

    /// <summary>Reads <see cref="Id"/>; false with a sentence that says what to write instead.</summary>
    public static bool TryParse(IdentityKind kind, string id, [NotNullWhen(true)] out Identity? identity, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(id);
        identity = null;
        problem = null;
        if (kind is IdentityKind.Account or IdentityKind.Principal)
        {
            if (id.Length is 0 or > LongestName || id.Any(char.IsControl))
                problem = $"a name of 1 to {LongestName} characters is needed";
            else
                identity = new Identity(kind, id);
            return identity is not null;
        }

        string digits = (id.StartsWith(HashPrefix, StringComparison.OrdinalIgnoreCase) ? id[HashPrefix.Length..] : id).Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
        if (digits.Length == 2 * SHA256.HashSizeInBytes && digits.All(char.IsAsciiHexDigit))
            identity = new Identity(kind, HashPrefix + digits);
        else
            problem = $"'{id}' is no SHA-256 hash; write sha256: and 64 hexadecimal digits";
        return identity is not null;
    }

    /// <summary>As it is told to people: <c>account alice</c>.</summary>
    public override string ToString() => $"{SettingsValueTypes.NameOf(Kind)} {Id}";

    internal static string FingerprintOf(X509Certificate2 certificate) => HashOf(certificate.RawDataMemory.Span);

    internal static string KeyFingerprintOf(X509Certificate2 certificate) => HashOf(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    /// <summary>Of the hash of a token as settings keep it.</summary>
    internal static string TokenOf(string hash) => HashPrefix + hash;

    private static string HashOf(ReadOnlySpan<byte> bytes) => HashPrefix + Convert.ToHexStringLower(SHA256.HashData(bytes));
}
