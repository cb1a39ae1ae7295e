using System.Buffers.Text;
using System.Security.Cryptography;

namespace Actors443.Acme.Protocol;

/// <summary>The MACs of an external account binding (RFC 7518 3.2).</summary>
internal enum BindingAlgorithm
{
    Hs256,
    Hs384,
    Hs512,
}

/// <summary>What a CA has given for binding an ACME account to an account with it (RFC 8555 7.3.4). Immutable.</summary>
internal sealed class ExternalAccountBinding
{
    private readonly byte[] _key;

    /// <param name="keyId">Key identifier, as the CA wrote it.</param>
    /// <param name="key">MAC key, base64url as CAs give it; ordinary base64 and padding are taken, too.</param>
    /// <param name="algorithm">HS256 unless the CA says otherwise.</param>
    /// <exception cref="AcmeException">The key is not base64url.</exception>
    public ExternalAccountBinding(string keyId, string key, BindingAlgorithm algorithm = BindingAlgorithm.Hs256)
    {
        KeyId = keyId;
        Algorithm = algorithm;
        try
        {
            _key = Base64Url.DecodeFromChars(key.Trim().TrimEnd('=').Replace('+', '-').Replace('/', '_'));
        }
        catch (FormatException cause)
        {
            throw AcmeException.Settings($"The MAC key of the external account {keyId} is not base64url; copy it again from the CA.", cause);
        }

        if (_key.Length == 0)
            throw AcmeException.Settings($"The MAC key of the external account {keyId} is empty; copy it again from the CA.");
    }

    public string KeyId { get; }

    public BindingAlgorithm Algorithm { get; }

    public string AlgorithmName => Algorithm switch
    {
        BindingAlgorithm.Hs384 => "HS384",
        BindingAlgorithm.Hs512 => "HS512",
        _ => "HS256",
    };

    public byte[] Mac(byte[] data) => Algorithm switch
    {
        BindingAlgorithm.Hs384 => HMACSHA384.HashData(_key, data),
        BindingAlgorithm.Hs512 => HMACSHA512.HashData(_key, data),
        _ => HMACSHA256.HashData(_key, data),
    };
}
