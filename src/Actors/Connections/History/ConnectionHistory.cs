using Actors443.Configuration.Reading;
using Actors443.Connections.Directory;

namespace Actors443.Connections.History;

/// <summary>What is remembered of clients whose connections have ended otherwise than in order, or were refused.</summary>
public sealed record ConnectionHistory
{
    /// <summary>Connections that have ended, the newest first.</summary>
    public IReadOnlyList<EndedConnection> Ended { get; init; } = [];

    /// <summary>How many such ends are remembered; of these, <see cref="Ended"/> has the first.</summary>
    public int Matched { get; init; }

    /// <summary>How many more of these clients were forgotten: a client has its last few remembered.</summary>
    public long Forgotten { get; init; }

    /// <summary>How often each reason is among those remembered, the most frequent first.</summary>
    public IReadOnlyList<ReasonCount> Reasons { get; init; } = [];

    /// <summary>Clients that were refused before their connection had an actor, the last first.</summary>
    public IReadOnlyList<RefusedClient> Refused { get; init; } = [];

    /// <summary>Connections that are open now.</summary>
    public int Open { get; init; }

    /// <summary>How long anything is remembered, in seconds.</summary>
    public double KeptSeconds { get; init; }

    /// <summary>Nodes that did not answer in time: what they remember is not in this.</summary>
    public IReadOnlyList<string> Silent { get; init; } = [];
}

/// <param name="Reason">As in metrics and logs.</param>
/// <param name="Count">How often.</param>
/// <param name="Meaning">In a sentence.</param>
public sealed record ReasonCount(string Reason, int Count, string Meaning);

/// <summary>A client that was refused at the door.</summary>
/// <param name="Node">The node that did it; null: there is no cluster.</param>
/// <param name="Client">Its address, or its network as <c>admission.per-client</c> makes clients.</param>
/// <param name="Reason">Of the last time, as in metrics and logs.</param>
/// <param name="Meaning">The same in a sentence.</param>
/// <param name="Advice">What to do about it; null: nothing.</param>
/// <param name="Count">How often.</param>
/// <param name="First">When it began.</param>
/// <param name="Last">When it last was.</param>
/// <param name="BannedForSeconds">How long it is banned from now; null: it is not.</param>
public sealed record RefusedClient(string? Node, string Client, string Reason, string Meaning, string? Advice, long Count, DateTimeOffset First, DateTimeOffset Last, double? BannedForSeconds);

/// <summary>A connection that has ended.</summary>
public sealed record EndedConnection
{
    /// <summary>When.</summary>
    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>Why, as in metrics and logs.</summary>
    public required string Reason { get; init; }

    /// <summary>Who ended it: <c>client</c>, <c>server</c>, <c>application</c>, <c>upstream</c>, <c>operator</c>, <c>proxy</c>.</summary>
    public required string By { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Meaning { get; init; }

    /// <summary>What is known besides; null: nothing.</summary>
    public string? Detail { get; init; }

    /// <summary>What to do about it; null: nothing.</summary>
    public string? Advice { get; init; }

    /// <summary>How it was at its end.</summary>
    public required ConnectionReport Last { get; init; }

    /// <summary>What happened in its life: the first events and the last.</summary>
    public IReadOnlyList<LifecycleReport> Events { get; init; } = [];

    internal static EndedConnection Of(Obituary obituary)
    {
        CloseReasonStory story = CloseReasonStory.Of(obituary.Reason);
        return new EndedConnection
        {
            EndedAt = obituary.EndedAt,
            Reason = obituary.Reason.ToTag(),
            By = story.By,
            Meaning = story.Meaning,
            Detail = obituary.Detail,
            Advice = story.Advice,
            Last = ConnectionReport.Of(obituary.Last, null),
            Events = [.. obituary.Events.Select(LifecycleReport.Of)],
        };
    }
}

/// <summary>Something that happened in the life of a connection.</summary>
/// <param name="AfterMs">Milliseconds after it was accepted.</param>
/// <param name="Event">What, in kebab case: <c>client-hello-read</c>, <c>handshake-completed</c>, …</param>
/// <param name="Detail">What is known besides: a reason, <c>resumed</c>; null: nothing.</param>
public sealed record LifecycleReport(long AfterMs, string Event, string? Detail)
{
    internal static LifecycleReport Of(LifecycleEntry entry) => new(entry.SinceAcceptMs, SettingsValueTypes.NameOf(entry.Kind), entry switch
    {
        { Detail: 0 } => null,
        { Kind: LifecycleEvent.HandshakeCompleted } => "resumed",
        _ => ((CloseReason)entry.Detail).ToTag(),
    });
}
