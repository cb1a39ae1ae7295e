using Actors443.Certificates.Canary;
using Actors443.Configuration;
using Akka.Event;

namespace Actors443.Certificates;

/// <summary>To the supervisor: answer <see cref="CertificatesReady"/> once everything was looked at for the first time.</summary>
internal sealed record AwaitCertificates
{
    public static AwaitCertificates Instance { get; } = new();
}

/// <param name="Generation">Of the published index.</param>
/// <param name="Problems">One line each; the certificates concerned are not served.</param>
internal sealed record CertificatesReady(long Generation, IReadOnlyList<string> Problems);

/// <summary>To the supervisor: new settings. Answers <see cref="CertificateSettingsApplied"/>.</summary>
internal sealed record ApplyCertificateSettings(CertificateSettings Settings);

internal sealed record CertificateSettingsApplied(long Generation, IReadOnlyList<string> Problems);

/// <summary>To the supervisor: answer with a <see cref="CertificateList"/>.</summary>
internal sealed record ListCertificates
{
    public static ListCertificates Instance { get; } = new();
}

internal sealed record CertificateList(long Generation, IReadOnlyList<CertificateInfo> Certificates, IReadOnlyList<string> Problems, CanaryStatus? Canary = null);

/// <summary>From the file actor to the supervisor: what the files hold now.</summary>
internal sealed record FileCertificatesLoaded(IReadOnlyList<ServerCertificate> Certificates, IReadOnlyList<string> Problems);

/// <summary>To the local CA: have certificates for these name sets. Answers <see cref="LocalCertificatesIssued"/>.</summary>
internal sealed record IssueLocalCertificates(IReadOnlyList<IReadOnlyList<string>> NameSets);

internal sealed record LocalCertificatesIssued(IReadOnlyList<ServerCertificate> Certificates, IReadOnlyList<string> Problems);

/// <summary>To the file actor, of the system's notifications: a file or folder changed. They do not stop at once when the actor does.</summary>
internal sealed record FilesChanged : IDeadLetterSuppression
{
    public static FilesChanged Instance { get; } = new();
}

/// <summary>To the file actor: look at the files.</summary>
internal sealed record ScanFiles
{
    public static ScanFiles Instance { get; } = new();
}

/// <summary>To the supervisor: look how the trial of new certificates goes. From its timer, and after each handshake that failed with one.</summary>
internal sealed record CheckCanary : IDeadLetterSuppression
{
    public static CheckCanary Instance { get; } = new();
}

/// <summary>To the supervisor: look at the dates.</summary>
internal sealed record CheckExpiry
{
    public static CheckExpiry Instance { get; } = new();
}
