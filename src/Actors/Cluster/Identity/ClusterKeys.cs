using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Actors443.Certificates;
using Actors443.Configuration;

namespace Actors443.Cluster.Identity;

/// <summary>
/// What follows from the cluster's secret (HKDF-SHA-256, RFC 5869), the same on every node: the key of the cluster's own CA, and the key that seals what nodes tell each other of
/// private keys. Thread-safe.
/// </summary>
internal sealed class ClusterKeys
{
    private const int KeyLength = 32;

    // The order of P-256 (SEC 2, 2.4.2).
    private static readonly BigInteger Order = BigInteger.Parse("0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);

    private readonly byte[] _sealing = GC.AllocateUninitializedArray<byte>(KeyLength, pinned: true);
    private readonly byte[] _authority;
    private readonly byte[] _localCa;

    public ClusterKeys(ReadOnlySpan<byte> secret)
    {
        Derive(secret, "seal", _sealing);
        _authority = DeriveScalar(secret, "certificate authority");
        _localCa = DeriveScalar(secret, "local CA");
    }

    /// <summary>AES-256.</summary>
    public ReadOnlySpan<byte> Sealing => _sealing;

    /// <exception cref="CertificateException">The secret cannot be read or is too short.</exception>
    public static ClusterKeys Read(ClusterSettings settings) => Read(settings.Secret!, "cluster.secret");

    /// <param name="setting">The text, <c>file:PATH</c> or <c>env:NAME</c>.</param>
    /// <param name="name">Of the setting.</param>
    /// <exception cref="CertificateException">The secret cannot be read or is too short.</exception>
    public static ClusterKeys Read(string setting, string name)
    {
        byte[] secret = Secret.ResolveShared(setting, name);
        try
        {
            return new ClusterKeys(secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>The private key of the cluster's CA. Dispose of it.</summary>
    public ECDsa OpenAuthority() => ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = _authority });

    /// <summary>The private key of the local CA, so that whoever trusts that of one node trusts that of all. Dispose of it.</summary>
    public ECDsa OpenLocalCa() => ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = _localCa });

    private static byte[] DeriveScalar(ReadOnlySpan<byte> secret, string purpose)
    {
        // 64 bits more than the order has, so that the remainder is as good as uniform (FIPS 186-5, A.2.1).
        byte[] wide = new byte[KeyLength + 8];
        Derive(secret, purpose, wide);
        BigInteger scalar = (new BigInteger(wide, isUnsigned: true, isBigEndian: true) % (Order - 1)) + 1;
        CryptographicOperations.ZeroMemory(wide);
        byte[] bytes = scalar.ToByteArray(isUnsigned: true, isBigEndian: true);
        byte[] key = new byte[KeyLength];
        bytes.CopyTo(key, KeyLength - bytes.Length);
        return key;
    }

    private static void Derive(ReadOnlySpan<byte> secret, string purpose, Span<byte> key) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: [], Encoding.ASCII.GetBytes("actors443 cluster " + purpose));
}
