using Actors443.Acme.Dns;
using Actors443.Acme.Protocol;
using Actors443.Acme.State;
using Actors443.Certificates;
using Actors443.Cluster.Messages;
using Actors443.Configuration;
using Akka.Event;

namespace Actors443.Acme.Orders;

/// <summary>To the supervisor: other settings. What is under way goes on with them from the step it is at.</summary>
internal sealed record ApplyAcmeSettings(AcmeSettings Settings);

/// <summary>To the supervisor: have a certificate for these names, too, until the server stops.</summary>
internal sealed record ObtainCertificate(IReadOnlyList<string> Names) : IClusterMessage;

/// <summary>To the supervisor: have none for these names any more. What is on disk stays there, and an order goes on from it when it is obtained again.</summary>
internal sealed record ForgetCertificate(IReadOnlyList<string> Names);

/// <summary>From an order to the supervisor: it waits for time to pass, and has no certificate.</summary>
/// <param name="Names">Of the order.</param>
/// <param name="Problem">Why; null: not known any more.</param>
/// <param name="Next">When it goes on.</param>
internal sealed record OrderPaused(IReadOnlyList<string> Names, string? Problem, DateTimeOffset Next);

/// <summary>From the supervisor of certificates to that of ACME: what it was told is served.</summary>
internal sealed record CertificatesPublished
{
    public static CertificatesPublished Instance { get; } = new();
}

/// <summary>From the supervisor to that of certificates: what is to be served.</summary>
internal sealed record AcmeCertificatesChanged(IReadOnlyList<ServerCertificate> Certificates);

/// <summary>To the supervisor, on to the order of that name: renew now, whatever was planned. Answers <see cref="RenewalAnswer"/>.</summary>
internal sealed record RenewCertificate(string Name) : IClusterMessage;

/// <param name="Found">The name has a certificate by ACME, or is to have one.</param>
/// <param name="Message">For people.</param>
internal sealed record RenewalAnswer(bool Found, string Message) : IClusterMessage;

/// <summary>To the supervisor, on to the order of that name. Answers <see cref="CertificateStory"/>.</summary>
internal sealed record ExplainCertificate(string Name) : IClusterMessage;

/// <summary>The story of a name set's orders; without names: that name has none.</summary>
internal sealed record CertificateStory(IReadOnlyList<string> Names, string State, string Summary, IReadOnlyList<StoryLine> Lines) : IClusterMessage
{
    public static CertificateStory None(string name) => new([], "none", $"{name} has no certificate by ACME: no site with certificate = acme has it, and certificates.acme.names has not.", []);
}

/// <summary>From an order to the supervisor: it has looked at its folder; null: no certificate there.</summary>
internal sealed record NameSetLoaded(string Id, ServerCertificate? Certificate);

/// <summary>From an order to the supervisor: this one is served from now on.</summary>
internal sealed record CertificateInstalled(string Id, ServerCertificate Certificate);

/// <summary>From an order to the supervisor: may I go on? Answered with <see cref="TurnGranted"/> when it may.</summary>
/// <param name="Account">With whose CA; its budget is spent.</param>
/// <param name="IsNewOrder">False: it goes on with one that is made.</param>
/// <param name="Attempt">Comes back.</param>
internal sealed record RequestTurn(IssuerAccount Account, bool IsNewOrder, long Attempt);

internal sealed record TurnGranted(long Attempt);

/// <summary>From an order to the supervisor: it waits for time to pass, or is done.</summary>
internal sealed record TurnOver
{
    public static TurnOver Instance { get; } = new();
}

/// <summary>To the supervisor: somebody may have his turn now.</summary>
internal sealed record GrantTurns
{
    public static GrantTurns Instance { get; } = new();
}

/// <summary>To the supervisor: tell what was installed meanwhile.</summary>
internal sealed record ReportCertificates
{
    public static ReportCertificates Instance { get; } = new();
}

/// <summary>To the supervisor: tell what is loaded, whoever has not said.</summary>
internal sealed record StopWaitingForSets
{
    public static StopWaitingForSets Instance { get; } = new();
}

/// <summary>To an order: see what is due.</summary>
internal sealed record SeeWhatIsDue
{
    public static SeeWhatIsDue Instance { get; } = new();
}

/// <summary>To an order: ask the CA how far it is.</summary>
internal sealed record AskAgain(long Attempt);

/// <summary>To an order, of itself: a step is done.</summary>
/// <param name="Attempt">Which; late ones are ignored.</param>
/// <param name="Result">What the CA said.</param>
internal sealed record StepDone(long Attempt, object Result) : IDeadLetterSuppression;

internal sealed record StepFailed(long Attempt, Exception Cause) : IDeadLetterSuppression;

/// <summary>To an order, of itself: these TXT records are gone, or cannot be removed.</summary>
internal sealed record DnsRecordsCleaned(IReadOnlyList<DnsChallengeRecord> Records, string? Problem) : IDeadLetterSuppression;

/// <summary>What the CA says of an order, and of its authorizations as far as they were looked at.</summary>
internal sealed record OrderLookedAt(AcmeAccount Account, AcmeOrder Order, IReadOnlyList<AcmeAuthorization> Authorizations);
