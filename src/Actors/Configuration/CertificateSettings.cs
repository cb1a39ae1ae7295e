namespace Actors443.Configuration;

/// <summary><c>actors443.certificates</c>: where certificates come from.</summary>
public sealed record CertificateSettings
{
    /// <summary>Folders watched for certificates: <c>name.pem</c>/<c>name.crt</c> with <c>name.key</c>, PEM files with both, folders with
    /// <c>fullchain.pem</c>+<c>privkey.pem</c> or <c>tls.crt</c>+<c>tls.key</c>, and <c>.pfx</c>/<c>.p12</c>.</summary>
    public IReadOnlyList<string> Directories { get; init; } = [];

    /// <summary>Single certificates, named file by file.</summary>
    public IReadOnlyList<CertificateFileSettings> Files { get; init; } = [];

    /// <summary>The server name whose certificate is shown when the client sends no SNI or an unknown one; null: the first certificate.</summary>
    public string? DefaultName { get; init; }

    /// <summary>The development CA.</summary>
    public LocalCaSettings LocalCa { get; init; } = new();

    /// <summary>Certificates from CAs.</summary>
    public AcmeSettings Acme { get; init; } = new();

    /// <summary>The keys that session tickets are sealed with.</summary>
    public TicketKeySettings TicketKeys { get; init; } = new();

    /// <summary>New certificates shown to some clients first.</summary>
    public CanarySettings Canary { get; init; } = new();

    /// <summary>Ask the OCSP responders that certificates name, and show clients their answers (RFC 6066 8). Event-loop engine.</summary>
    public bool OcspStapling { get; init; } = true;

    /// <summary>Names to serve, from the sites: whatever no certificate covers gets one of the local CA.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Files are looked at again this often even when no change was notified (network file systems notify nothing).</summary>
    public TimeSpan Rescan { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A certificate with less than this left is reported once a day; under a third of it, hourly.</summary>
    public TimeSpan ExpiryWarning { get; init; } = TimeSpan.FromDays(14);
}

/// <summary>One certificate by its files: PEM chain and key, or a PFX.</summary>
public sealed record CertificateFileSettings
{
    /// <summary>PEM chain, leaf first. Null if <see cref="Pfx"/> is set.</summary>
    public string? Chain { get; init; }

    /// <summary>PEM private key (PKCS#8, PKCS#1, SEC1; encrypted PKCS#8 with <see cref="Password"/>). Null: in the chain file.</summary>
    public string? Key { get; init; }

    /// <summary>PKCS#12 file. Null if <see cref="Chain"/> is set.</summary>
    public string? Pfx { get; init; }

    /// <summary>Password of the key or PFX; <c>file:PATH</c> and <c>env:NAME</c> read it from there.</summary>
    public string? Password { get; init; }

    /// <summary>Names this certificate must cover (from a site that names it); empty: whatever it covers.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];
}

/// <summary><c>actors443.certificates.local-ca</c>: the CA made at first run, for development.</summary>
public sealed record LocalCaSettings
{
    /// <summary>False: a name without a certificate is an error.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Life of the certificates it issues.</summary>
    public TimeSpan LeafLifetime { get; init; } = TimeSpan.FromDays(180);

    /// <summary>Names always issued, besides the sites': the default run's own.</summary>
    public IReadOnlyList<string> Names { get; init; } = ["localhost", "127.0.0.1", "::1"];
}

/// <summary><c>actors443.certificates.canary</c>: a certificate that replaces another is shown to some clients first, and taken back if more of them fail.</summary>
public sealed record CanarySettings
{
    /// <summary>Share of the clients, above 0 and up to 0.5; null: off, all see it at once.</summary>
    public double? Share { get; init; }

    /// <summary>Handshakes with it before all see it.</summary>
    public int LeastHandshakes { get; init; } = 200;

    /// <summary>How long it is tried; three times as long if there are fewer handshakes.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromHours(1);

    /// <summary>It is taken back when its share of failed handshakes is higher by more than this, and not by chance.</summary>
    public double FailureRise { get; init; } = 0.02;
}

/// <summary><c>actors443.certificates.ticket-keys</c>: the keys that session tickets are sealed with (RFC 8446 4.6.1, RFC 5077). Event-loop engine.</summary>
public sealed record TicketKeySettings
{
    /// <summary>A new key this often.</summary>
    public TimeSpan Rotate { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Former keys kept to open older tickets.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>A secret that servers share, so that each can resume the others' sessions; literal, <c>file:PATH</c> or <c>env:NAME</c>, of at least
    /// 32 bytes. Null: random keys, this process alone.</summary>
    public string? SharedSecret { get; init; }

    /// <summary>Tickets sent after a full TLS 1.3 handshake; a client uses each once. 0: no session is resumed.</summary>
    public int Tickets { get; init; } = 1;

    /// <summary>How long a session can be resumed (RFC 8446 4.6.1: 7 days at most). The keys must be kept as long.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(12);
}
