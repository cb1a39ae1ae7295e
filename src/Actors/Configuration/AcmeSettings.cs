using System.Net;
using Actors443.Acme.Protocol;

namespace Actors443.Configuration;

/// <summary><c>actors443.certificates.acme</c>: certificates from CAs (RFC 8555).</summary>
public sealed record AcmeSettings
{
    /// <summary>Where CAs write to; null: nowhere.</summary>
    public string? Email { get; init; }

    /// <summary>The operator has read and agreed to the terms of every issuer here.</summary>
    public bool AgreeToTerms { get; init; }

    /// <summary>Tried in this order.</summary>
    public IReadOnlyList<AcmeIssuerSettings> Issuers { get; init; } = [AcmeIssuerSettings.LetsEncrypt];

    /// <summary>Name sets, each one certificate; from here and from the sites.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Names { get; init; } = [];

    /// <summary>Of the keys of certificates; each certificate has a new one.</summary>
    public CertificateKeyType KeyType { get; init; } = CertificateKeyType.EcdsaP256;

    /// <summary>Types of challenges, tried in this order for a name of which nothing is known.</summary>
    public IReadOnlyList<string> Challenges { get; init; } = AcmeChallengeType.All;

    /// <summary>How dns-01 is answered.</summary>
    public AcmeDnsSettings Dns { get; init; } = new();

    /// <summary>Common name of the issuer or root that the chain is to lead to, where a CA offers several; null: the CA's own choice.</summary>
    public string? PreferredChain { get; init; }

    /// <summary>Share of its lifetime that a certificate has left when it is renewed, unless the CA says when (RFC 9773).</summary>
    public double RenewWithin { get; init; } = 1 / 3.0;

    /// <summary>New orders of one account…</summary>
    public int BudgetOrders { get; init; } = 250;

    /// <summary>…within this time.</summary>
    public TimeSpan BudgetWindow { get; init; } = TimeSpan.FromHours(3);

    /// <summary>Orders under way at once, of all accounts.</summary>
    public int OrdersAtOnce { get; init; } = 5;

    /// <summary>The first pause after a failure; it doubles with each one.</summary>
    public TimeSpan RetryMinimum { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest pause after a failure, unless the CA asks for more.</summary>
    public TimeSpan RetryMaximum { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How often a CA is asked whether it is done, unless it says when.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a CA has for a validation or for issuing, before the order is given up.</summary>
    public TimeSpan ValidationTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>For one request.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Certificates for names that no site writes out.</summary>
    public AcmeOnDemandSettings OnDemand { get; init; } = new();
}

/// <summary>One CA: an element of <c>actors443.certificates.acme.issuers</c>.</summary>
/// <param name="Name">For people, logs and metrics.</param>
/// <param name="Directory">Its one well-known URL (RFC 8555 7.1.1).</param>
public sealed record AcmeIssuerSettings(string Name, Uri Directory)
{
    /// <summary>Let's Encrypt.</summary>
    public static AcmeIssuerSettings LetsEncrypt { get; } = new("lets-encrypt", new Uri("https://acme-v02.api.letsencrypt.org/directory"))
    {
        Staging = new Uri("https://acme-staging-v02.api.letsencrypt.org/directory"),
    };

    /// <summary>Those that can be named without their directory.</summary>
    public static IReadOnlyList<AcmeIssuerSettings> Known { get; } =
    [
        LetsEncrypt,
        new("lets-encrypt-staging", LetsEncrypt.Staging!),
        new("zerossl", new Uri("https://acme.zerossl.com/v2/DV90")),
        new("google", new Uri("https://dv.acme-v02.api.pki.goog/directory")) { Staging = new Uri("https://dv.acme-v02.test-api.pki.goog/directory") },
    ];

    /// <summary>Directory of its staging CA, where orders are tried after repeated failure; null: none.</summary>
    public Uri? Staging { get; init; }

    /// <summary>Null: the CA's default.</summary>
    public string? Profile { get; init; }

    /// <summary>PEM file of roots trusted for its TLS besides the system's; null: none.</summary>
    public string? TrustedRoots { get; init; }

    /// <summary>Null: the CA asks for none.</summary>
    public AcmeExternalAccountSettings? ExternalAccount { get; init; }
}

/// <summary><c>external-account</c> of an issuer (RFC 8555 7.3.4).</summary>
/// <param name="KeyId">As the CA wrote it.</param>
/// <param name="Key">MAC key, base64url; <c>file:PATH</c> and <c>env:NAME</c> read it from there.</param>
public sealed record AcmeExternalAccountSettings(string KeyId, string Key);

/// <summary><c>actors443.certificates.acme.dns</c>.</summary>
public sealed record AcmeDnsSettings
{
    /// <summary>Dynamic update (RFC 2136); null: not so.</summary>
    public AcmeDnsUpdateSettings? Update { get; init; }

    /// <summary>A program; null: not so.</summary>
    public AcmeDnsProgramSettings? Program { get; init; }

    /// <summary>By domain the record that its <c>_acme-challenge</c> is a CNAME of.</summary>
    public IReadOnlyDictionary<string, string> Delegations { get; init; } = new Dictionary<string, string>();

    /// <summary>Where a record must be seen before the CA is told.</summary>
    public AcmeDnsCheck Check { get; init; } = AcmeDnsCheck.Zone;

    /// <summary>Whom to ask; empty: the system's.</summary>
    public IReadOnlyList<IPEndPoint> Resolvers { get; init; } = [];

    /// <summary>How long a record may take to be seen.</summary>
    public TimeSpan PropagationTimeout { get; init; } = TimeSpan.FromMinutes(2);

    internal bool HasProvider => Update is not null || Program is not null;
}

/// <summary>Where a TXT record must be seen before the CA is told.</summary>
public enum AcmeDnsCheck
{
    /// <summary>At every server of its zone.</summary>
    Zone,

    /// <summary>At every resolver.</summary>
    Resolvers,

    /// <summary>Nowhere.</summary>
    Off,
}

/// <summary><c>dns.provider { rfc2136 { … } }</c>.</summary>
/// <param name="Server">The zone's primary.</param>
public sealed record AcmeDnsUpdateSettings(IPEndPoint Server)
{
    /// <summary>Null: found by its SOA.</summary>
    public string? Zone { get; init; }

    /// <summary>Name of the TSIG key; null: unsigned.</summary>
    public string? KeyName { get; init; }

    /// <summary>Its secret in base64 (hmac-sha256); <c>file:PATH</c> and <c>env:NAME</c> read it from there.</summary>
    public string? KeySecret { get; init; }

    /// <summary>Of the records.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>TCP for all.</summary>
    public bool Tcp { get; init; }
}

/// <summary><c>dns.provider { exec { … } }</c>: <c>PROGRAM ARGUMENTS present|cleanup DOMAIN RECORD VALUE</c>.</summary>
/// <param name="Program">Path, or a name on the path.</param>
public sealed record AcmeDnsProgramSettings(string Program)
{
    /// <summary>Before those that are added.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Besides the server's own environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Then it is killed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);
}
