using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;

namespace Actors443.Tls;

/// <summary>A file of client CAs that cannot be used. The message names the setting's file and the fix.</summary>
public sealed class ClientCaException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Checks client certificates against the CAs of one file, and nothing the system trusts besides. Thread-safe.</summary>
internal sealed class ClientCertificateVerifier
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private readonly X509Certificate2Collection _authorities;
    private readonly bool _required;

    private ClientCertificateVerifier(X509Certificate2Collection authorities, bool required)
    {
        _authorities = authorities;
        _required = required;
    }

    public static ClientCertificateVerifier Load(ClientCertificateSettings settings)
    {
        string file = settings.CaFile ?? throw new ClientCaException("client-certificates.ca is missing: name a PEM file of the CAs whose clients may come in.");
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(file);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ClientCaException($"client-certificates.ca = \"{file}\" cannot be read ({cause.Message}); name a readable PEM file of CA certificates.", cause);
        }

        if (authorities.Count == 0)
            throw new ClientCaException($"client-certificates.ca = \"{file}\" holds no certificate; it must be PEM with at least one CA certificate.");
        return new ClientCertificateVerifier(authorities, settings.Mode == ClientCertificateMode.Required);
    }

    public bool IsRequired => _required;

    /// <summary>What sessions made under these rules are told apart by.</summary>
    public void AppendTo(IncrementalHash hash)
    {
        hash.AppendData([_required ? (byte)1 : (byte)0]);
        foreach (X509Certificate2 authority in _authorities)
            hash.AppendData(authority.RawDataMemory.Span);
    }

    /// <summary>As <see cref="RemoteCertificateValidationCallback"/>.</summary>
    public bool Verify(object sender, X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors) =>
        certificate is X509Certificate2 leaf ? Verify(leaf, presented?.ChainElements.Select(element => element.Certificate) ?? []) : !_required;

    /// <param name="leaf">The client's certificate.</param>
    /// <param name="presented">What the client sent besides its leaf: intermediates.</param>
    public bool Verify(X509Certificate2 leaf, IEnumerable<X509Certificate2> presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        // The CA file may hold intermediates without their root.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        foreach (X509Certificate2 certificate in presented)
            chain.ChainPolicy.ExtraStore.Add(certificate);
        return chain.Build(leaf) && EndsAtAuthority(chain);
    }

    private bool EndsAtAuthority(X509Chain chain)
    {
        // By the whole certificate: X509Certificate.Equals compares issuer and serial number alone, which anybody can copy.
        foreach (X509ChainElement element in chain.ChainElements)
        {
            if (_authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)))
                return true;
        }

        return false;
    }
}
