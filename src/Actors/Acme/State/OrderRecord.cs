using Actors443.Acme.Dns;
using Actors443.Acme.Protocol;

namespace Actors443.Acme.State;

/// <summary>How far the order of a name set is: what has been kept before the step that is named.</summary>
internal enum OrderStep
{
    /// <summary>There is no order.</summary>
    None,

    /// <summary>An order is asked for; whether the CA made one is not known until its URL is here.</summary>
    Ordering,

    /// <summary>The order's URL is kept.</summary>
    Authorizing,

    /// <summary>The certificate's key is kept.</summary>
    Finalizing,
}

/// <summary>All that is known of the certificate of one name set, as it is kept in <c>order.json</c>. Immutable.</summary>
internal sealed record OrderRecord
{
    private const int LongestStory = 200;

    public required IReadOnlyList<string> Names { get; init; }

    public OrderStep Step { get; init; }

    /// <summary>Name of the issuer that the order is with; null: the first.</summary>
    public string? Issuer { get; init; }

    /// <summary>It is with the issuer's staging CA.</summary>
    public bool OnStaging { get; init; }

    /// <summary>The staging CA has found the names valid; the next order goes to the real one.</summary>
    public bool PassedStaging { get; init; }

    public Uri? Order { get; init; }

    /// <summary>Of the key that is being certified.</summary>
    public long OrderedGeneration { get; init; }

    /// <summary>Rounds through all issuers that failed, one after another.</summary>
    public int Failures { get; init; }

    /// <summary>Failed requests of the step it is at, one after another.</summary>
    public int StepFailures { get; init; }

    /// <summary>Why the last one failed.</summary>
    public string? LastFailure { get; init; }

    /// <summary>Not before this; null: at once.</summary>
    public DateTimeOffset? NextAttempt { get; init; }

    /// <summary>By issuer: when it wants to be asked again.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> NotBefore { get; init; } = new Dictionary<string, DateTimeOffset>();

    /// <summary>By name the type of challenge that worked last.</summary>
    public IReadOnlyDictionary<string, string> Worked { get; init; } = new Dictionary<string, string>();

    /// <summary>By name the types that failed since something worked.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Failed { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>TXT records that are to be removed.</summary>
    public IReadOnlyList<DnsChallengeRecord> DnsRecords { get; init; } = [];

    /// <summary>What the ports of this server, or of all nodes of a cluster, answer to the CA.</summary>
    public IReadOnlyList<ListenerAnswer> Answers { get; init; } = [];

    /// <summary>Of the certificate that is served; 0: none.</summary>
    public long Generation { get; init; }

    /// <summary>Who issued it.</summary>
    public string? IssuedBy { get; init; }

    /// <summary>When it is to be renewed; null: not decided yet.</summary>
    public DateTimeOffset? RenewAt { get; init; }

    /// <summary>The window that <see cref="RenewAt"/> was drawn from (RFC 9773); null: the CA names none.</summary>
    public RenewalWindow? Window { get; init; }

    /// <summary>When the CA is to be asked for it again.</summary>
    public DateTimeOffset? AskRenewalAt { get; init; }

    public IReadOnlyList<StoryLine> Story { get; init; } = [];

    public OrderRecord Told(DateTimeOffset at, string text) => this with { Story = [.. Story.Skip(Math.Max(0, Story.Count + 1 - LongestStory)), new StoryLine(at, text)] };

    /// <summary>Without what belongs to one order.</summary>
    public OrderRecord WithoutOrder() => this with { Step = OrderStep.None, Order = null, OnStaging = false, StepFailures = 0, Answers = [] };
}

/// <summary>What a listener answers to a validation by http-01 or tls-alpn-01.</summary>
/// <param name="Type">Of the challenge.</param>
/// <param name="Identifier">What is validated.</param>
/// <param name="Token">Of the challenge.</param>
/// <param name="KeyAuthorization">The answer.</param>
internal sealed record ListenerAnswer(string Type, AcmeIdentifier Identifier, string Token, string KeyAuthorization);

/// <summary>Something that happened, in plain words.</summary>
internal sealed record StoryLine(DateTimeOffset At, string Text);

/// <summary>When a CA wants a certificate renewed.</summary>
internal sealed record RenewalWindow(DateTimeOffset Start, DateTimeOffset End);
