namespace Actors443.Acme.Protocol;

/// <summary>What a CA offers, and where (RFC 8555 7.1.1).</summary>
internal sealed record AcmeDirectory
{
    public required Uri NewNonce { get; init; }

    public required Uri NewAccount { get; init; }

    public required Uri NewOrder { get; init; }

    public required Uri RevokeCertificate { get; init; }

    /// <summary>Null: account keys cannot be changed here.</summary>
    public Uri? KeyChange { get; init; }

    /// <summary>Null: no renewal information (RFC 9773).</summary>
    public Uri? RenewalInfo { get; init; }

    /// <summary>To be agreed to; null: there are none.</summary>
    public Uri? TermsOfService { get; init; }

    public Uri? Website { get; init; }

    /// <summary>Names that CAA records may have for it.</summary>
    public IReadOnlyList<string> CaaIdentities { get; init; } = [];

    public bool ExternalAccountRequired { get; init; }

    /// <summary>Names and what they mean (draft-aaron-acme-profiles); empty: it has no profiles.</summary>
    public IReadOnlyDictionary<string, string> Profiles { get; init; } = new Dictionary<string, string>();
}

/// <summary>An account as requests need it: all that must be kept is the key and the URL.</summary>
/// <param name="Key">Its key; not disposed of with this.</param>
/// <param name="Url">Its name, the <c>kid</c>.</param>
internal sealed record AcmeAccount(AcmeKey Key, Uri Url)
{
    /// <summary><c>valid</c>, <c>deactivated</c>, <c>revoked</c>.</summary>
    public string Status { get; init; } = AcmeStatus.Valid;

    public IReadOnlyList<string> Contacts { get; init; } = [];
}

/// <summary>Status words (RFC 8555 7.1.6).</summary>
internal static class AcmeStatus
{
    public const string Pending = "pending";
    public const string Ready = "ready";
    public const string Processing = "processing";
    public const string Valid = "valid";
    public const string Invalid = "invalid";
    public const string Deactivated = "deactivated";
    public const string Expired = "expired";
    public const string Revoked = "revoked";
}

/// <summary>What to order.</summary>
/// <param name="Identifiers">At least one.</param>
internal sealed record AcmeOrderRequest(IReadOnlyList<AcmeIdentifier> Identifiers)
{
    /// <summary>Null: the CA's default.</summary>
    public string? Profile { get; init; }

    /// <summary>Certificate id of what this renews (RFC 9773 5); null, or a CA without renewal information: not said.</summary>
    public string? Replaces { get; init; }
}

/// <summary>An order as the CA last told it (RFC 8555 7.1.3). To go on with it after a restart its URL is enough.</summary>
/// <param name="Url">To ask again.</param>
/// <param name="Status"><see cref="AcmeStatus"/>: pending → ready → processing → valid, or invalid.</param>
/// <param name="Identifiers">What it is for.</param>
/// <param name="Authorizations">One a name, some perhaps valid already.</param>
/// <param name="Finalize">Where the CSR goes once it is ready.</param>
internal sealed record AcmeOrder(Uri Url, string Status, IReadOnlyList<AcmeIdentifier> Identifiers, IReadOnlyList<Uri> Authorizations, Uri Finalize)
{
    /// <summary>Null until it is valid.</summary>
    public Uri? Certificate { get; init; }

    public DateTimeOffset? Expires { get; init; }

    /// <summary>Why it is invalid.</summary>
    public AcmeProblem? Error { get; init; }

    /// <summary>Null: the CA does not say.</summary>
    public string? Profile { get; init; }

    /// <summary>When to ask again; null: the CA does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>The right to have a name certified (RFC 8555 7.1.4).</summary>
/// <param name="Url">To ask again.</param>
/// <param name="Status"><see cref="AcmeStatus"/>.</param>
/// <param name="Identifier">Without <c>*.</c>.</param>
/// <param name="Challenges">Ways to show it; one is enough.</param>
internal sealed record AcmeAuthorization(Uri Url, string Status, AcmeIdentifier Identifier, IReadOnlyList<AcmeChallenge> Challenges)
{
    /// <summary>It is for the names under it.</summary>
    public bool Wildcard { get; init; }

    public DateTimeOffset? Expires { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The challenge of a type; null: not offered.</summary>
    public AcmeChallenge? Find(string type) => Challenges.FirstOrDefault(challenge => challenge.Type == type);
}

/// <summary>One way to show that a name is ours (RFC 8555 8).</summary>
/// <param name="Url">Where to say that it is prepared, and to ask again.</param>
/// <param name="Type"><see cref="AcmeChallengeType"/>, or one that is not known here.</param>
/// <param name="Status"><see cref="AcmeStatus"/>.</param>
/// <param name="Token">Empty for types that have none.</param>
internal sealed record AcmeChallenge(Uri Url, string Type, string Status, string Token)
{
    /// <summary>What the CA found wrong, if it did.</summary>
    public AcmeProblem? Error { get; init; }

    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Types of challenges (RFC 8555 8, RFC 8737).</summary>
internal static class AcmeChallengeType
{
    public const string Http01 = "http-01";
    public const string Dns01 = "dns-01";
    public const string TlsAlpn01 = "tls-alpn-01";

    /// <summary>Those answered here, in the order they are tried.</summary>
    public static IReadOnlyList<string> All { get; } = [TlsAlpn01, Http01, Dns01];

    /// <summary>The ALPN protocol of tls-alpn-01.</summary>
    public const string AlpnProtocol = "acme-tls/1";

    /// <summary>Whether the type can show such a name: no wildcard but by DNS (RFC 8555 8.3, RFC 8737 3), no address by DNS (RFC 8738 5).</summary>
    public static bool Fits(string type, AcmeIdentifier identifier) => type switch
    {
        Http01 or TlsAlpn01 => !identifier.IsWildcard,
        Dns01 => identifier.Type == AcmeIdentifier.Dns,
        _ => false,
    };
}

/// <summary>Why a certificate is revoked (RFC 5280 5.3.1).</summary>
internal enum RevocationReason
{
    Unspecified = 0,
    KeyCompromise = 1,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
}

/// <summary>When a CA wants a certificate renewed (RFC 9773 4.2).</summary>
/// <param name="Start">Of the window.</param>
/// <param name="End">After <paramref name="Start"/>.</param>
/// <param name="Explanation">A page for people; null: none.</param>
/// <param name="RetryAfter">When to ask again; null: the CA does not say (RFC 9773 4.3.3 then suggests six hours).</param>
internal sealed record RenewalInfo(DateTimeOffset Start, DateTimeOffset End, Uri? Explanation, TimeSpan? RetryAfter)
{
    /// <summary>A moment of the window, each as likely as any other. If it has passed, renew now.</summary>
    public DateTimeOffset MomentIn(Random random) => Start + (End - Start) * random.NextDouble();
}
