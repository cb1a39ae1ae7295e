using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Certificates.Revocation;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Identities;

namespace Actors443.Tls;

/// <summary>A file of client CAs that cannot be used. The message names the setting's file and the fix.</summary>
public sealed class ClientCaException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>A TLS stream that wants to know why its client's certificate was refused.</summary>
internal interface IClientVerdictSink
{
    void Refused(ClientVerdict verdict, ClientCertificateVerifier by);

    /// <summary>The handshake may go on all the same: whoever has made it looks whether it was refused, lets nothing come of it, and says why in words.</summary>
    bool TellsInWords => false;
}

/// <summary>Checks client certificates against the CAs of one file, and nothing the system trusts besides. Thread-safe.</summary>
internal sealed class ClientCertificateVerifier
{
    // Between a verdict and its explanation lies OpenSSL, which carries numbers alone.
    [ThreadStatic]
    private static string? _ruleBroken;

    private readonly X509Certificate2Collection _authorities;
    private readonly bool _required;
    private readonly RevocationCheck? _revocations;
    private readonly RevokedIdentities _revoked;
    private readonly Func<X509Certificate2, string?>? _rules;

    private ClientCertificateVerifier(X509Certificate2Collection authorities, bool required, RevocationCheck? revocations, RevokedIdentities revoked, Func<X509Certificate2, string?>? rules = null)
    {
        _authorities = authorities;
        _required = required;
        _revocations = revocations;
        _revoked = revoked;
        _rules = rules;
    }

    /// <param name="settings">Whose certificates.</param>
    /// <param name="revocations">Where the lists are that the settings name.</param>
    /// <param name="time">The clock that lists expire by; null: the system's.</param>
    /// <param name="revoked">Who may not come in, whatever the lists say; null: nobody.</param>
    /// <exception cref="ClientCaException">The CA file cannot be used.</exception>
    public static ClientCertificateVerifier Load(ClientCertificateSettings settings, PublishedRevocations? revocations = null, TimeProvider? time = null, RevokedIdentities? revoked = null)
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
        RevocationCheck? check = settings.Crl.Count == 0 ? null : new RevocationCheck(settings, revocations ?? new PublishedRevocations(), authorities, time ?? TimeProvider.System);
        return new ClientCertificateVerifier(authorities, settings.Mode == ClientCertificateMode.Required, check, revoked ?? new RevokedIdentities());
    }

    /// <summary>Of nodes, which must all show a certificate.</summary>
    /// <param name="authorities">Whose certificates are taken.</param>
    /// <param name="rules">Why a certificate that they have issued is not taken all the same; null: it is.</param>
    /// <param name="revoked">Who may not come in.</param>
    /// <param name="purpose">What the certificates must be for, if they say what they are for.</param>
    public static ClientCertificateVerifier ForPeers(X509Certificate2Collection authorities, Func<X509Certificate2, string?> rules, RevokedIdentities revoked, string purpose = ExtendedKeyUsages.ClientAuthentication) =>
        new(authorities, required: true, null, revoked, rules) { Purpose = purpose };

    public bool IsRequired => _required;

    private string Purpose { get; init; } = ExtendedKeyUsages.ClientAuthentication;

    /// <summary>What sessions made under these rules are told apart by.</summary>
    public void AppendTo(IncrementalHash hash)
    {
        hash.AppendData([_required ? (byte)1 : (byte)0]);
        foreach (X509Certificate2 authority in _authorities)
            hash.AppendData(authority.RawDataMemory.Span);
    }

    /// <summary>As <see cref="RemoteCertificateValidationCallback"/>.</summary>
    public bool Verify(object sender, X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        ClientVerdict verdict = certificate is X509Certificate2 leaf ? Verify(leaf, presented?.ChainElements.Select(element => element.Certificate) ?? [])
            : _required ? ClientVerdict.Missing
            : ClientVerdict.Accepted;
        if (verdict != ClientVerdict.Accepted)
            (sender as IClientVerdictSink)?.Refused(verdict, this);
        return verdict == ClientVerdict.Accepted;
    }

    /// <summary>Whether it is on a list by now; a list that is missing or expired revokes nothing.</summary>
    public bool IsRevoked(X509Certificate2 leaf) => _revocations?.Of(leaf) == ClientVerdict.Revoked;

    /// <summary>What was verified once, looked at again, as when its session is resumed.</summary>
    public ClientVerdict VerifyAgain(X509Certificate2 leaf) => _revoked.Current.Find(leaf) is null ? _revocations?.Of(leaf) ?? ClientVerdict.Accepted : ClientVerdict.Revoked;

    /// <param name="leaf">The client's certificate.</param>
    /// <param name="presented">What the client sent besides its leaf: intermediates.</param>
    public ClientVerdict Verify(X509Certificate2 leaf, IEnumerable<X509Certificate2> presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(Purpose));
        // The CA file may hold intermediates without their root.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        foreach (X509Certificate2 certificate in presented)
            chain.ChainPolicy.ExtraStore.Add(certificate);
        bool isValid = chain.Build(leaf);
        if (AuthorityIn(chain) is not (>= 0 and int end))
            return ClientVerdict.UnknownIssuer;
        if (isValid && _revoked.Current.Find(leaf) is not null)
            return ClientVerdict.Revoked;
        if (!isValid)
            return VerdictOf(chain);
        _ruleBroken = _rules?.Invoke(leaf);
        return _ruleBroken is null ? _revocations?.Of(chain, end) ?? ClientVerdict.Accepted : ClientVerdict.Rejected;
    }

    /// <summary>A verdict of this as the end of a connection. By the thread that it was given to, before another.</summary>
    /// <param name="verdict">Not that it was accepted.</param>
    /// <param name="otherwise">What is said if there is no more to say than no.</param>
    public (CloseReason Reason, string? Detail) Explain(ClientVerdict verdict, string? otherwise) => (_rules, verdict) switch
    {
        (null, _) => verdict.ToReason(otherwise),
        (_, ClientVerdict.UnknownIssuer) => (CloseReason.ClientCertificateRejected, "none of the CAs that are trusted for nodes has issued its certificate, by no chain that it has sent"),
        (_, ClientVerdict.WrongPurpose) => (CloseReason.ClientCertificateRejected, "its certificate is not for a node (extended key usage clientAuth and serverAuth)"),
        (_, ClientVerdict.Revoked) => (CloseReason.ClientCertificateRevoked, "its certificate is revoked"),
        (_, ClientVerdict.Rejected) => (CloseReason.ClientCertificateRejected, _ruleBroken ?? otherwise),
        _ => verdict.ToReason(otherwise),
    };

    private static ClientVerdict VerdictOf(X509Chain chain)
    {
        X509ChainStatusFlags problems = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        if (problems.HasFlag(X509ChainStatusFlags.NotTimeValid))
            return chain.ChainElements.Any(element => element.Certificate.NotBefore > DateTime.Now) ? ClientVerdict.NotYetValid : ClientVerdict.Expired;
        return problems.HasFlag(X509ChainStatusFlags.NotValidForUsage) ? ClientVerdict.WrongPurpose : ClientVerdict.Rejected;
    }

    private int AuthorityIn(X509Chain chain)
    {
        // By the whole certificate: X509Certificate.Equals compares issuer and serial number alone, which anybody can copy.
        for (int index = 0; index < chain.ChainElements.Count; index++)
        {
            if (_authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(chain.ChainElements[index].Certificate.RawDataMemory.Span)))
                return index;
        }

        return -1;
    }
}
