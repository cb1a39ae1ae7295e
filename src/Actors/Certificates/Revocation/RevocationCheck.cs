using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;
using Actors443.Tls;

namespace Actors443.Certificates.Revocation;

/// <summary>
/// Looks client certificates up in the CRLs of one rule. A list counts only if a CA of the rule has signed it; every issuer between the certificate and the
/// CA needs one. Thread-safe.
/// </summary>
internal sealed class RevocationCheck(ClientCertificateSettings settings, PublishedRevocations published, X509Certificate2Collection authorities, TimeProvider time)
{
    // Whether a list is signed by a CA of ours: found out once a list.
    private readonly ConditionalWeakTable<CertificateRevocationList, StrongBox<bool>> _signed = [];

    /// <param name="chain">Leaf first.</param>
    /// <param name="end">Where our CA is in it: that is trusted by itself.</param>
    public ClientVerdict Of(X509Chain chain, int end)
    {
        // A leaf that is its own authority has no issuer to ask.
        for (int index = 0; index < end; index++)
        {
            ClientVerdict verdict = Of(chain.ChainElements[index].Certificate);
            if (verdict != ClientVerdict.Accepted)
                return verdict;
        }

        return ClientVerdict.Accepted;
    }

    public ClientVerdict Of(X509Certificate2 certificate)
    {
        RevocationIndex index = published.Current;
        ClientVerdict verdict = ClientVerdict.NoRevocationList;
        foreach (string source in settings.Crl)
        {
            foreach (CertificateRevocationList list in index.Of(source))
            {
                if (!list.Issuer.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData) || !IsOurs(list))
                    continue;
                if (list.Contains(certificate))
                    return ClientVerdict.Revoked;
                bool good = settings.ExpiredCrl == ExpiredCrlPolicy.Accept || list.NextUpdate is not { } next || next > time.GetUtcNow();
                if (verdict != ClientVerdict.Accepted)
                    verdict = good ? ClientVerdict.Accepted : ClientVerdict.RevocationListExpired;
            }
        }

        return verdict;
    }

    private bool IsOurs(CertificateRevocationList list) => _signed.GetValue(list, unknown => new StrongBox<bool>(authorities.Any(unknown.IsSignedBy))).Value;
}
