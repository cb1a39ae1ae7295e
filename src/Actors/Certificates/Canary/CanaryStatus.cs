namespace Actors443.Certificates.Canary;

/// <summary>How the last trial of new certificates, or of another TLS policy, stands, for <c>certs</c> and the admin API.</summary>
public sealed record CanaryStatus
{
    /// <summary>What becomes of it.</summary>
    public required CanaryState State { get; init; }

    /// <summary>Names of the new certificates, or the settings that are tried.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>Share of the clients that sees it.</summary>
    public required double Share { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Handshakes with what is new.</summary>
    public required long Handshakes { get; init; }

    /// <summary>Of these failed.</summary>
    public required long Failures { get; init; }

    /// <summary>Handshakes with what was before, meanwhile.</summary>
    public required long StableHandshakes { get; init; }

    /// <summary>Of these failed.</summary>
    public required long StableFailures { get; init; }

    /// <summary>Who could not use what is new, most frequent first.</summary>
    public required IReadOnlyList<CanaryFailure> WhoBroke { get; init; }

    /// <summary>Some of their addresses.</summary>
    public required IReadOnlyList<string> Clients { get; init; }

    internal static CanaryStatus Of(CanaryTrial trial, CanaryState state) => Of(trial.Tally, trial.Names, trial.Share, trial.Since, state);

    internal static CanaryStatus Of(CanaryTally tally, IReadOnlyList<string> names, double share, DateTimeOffset since, CanaryState state)
    {
        CanaryCounts counts = tally.Counts;
        (IReadOnlyList<CanaryFailure> failures, IReadOnlyList<string> clients) = tally.WhoBroke();
        return new CanaryStatus
        {
            State = state,
            Names = names,
            Share = share,
            Since = since,
            Handshakes = counts.New,
            Failures = counts.NewFailed,
            StableHandshakes = counts.Old,
            StableFailures = counts.OldFailed,
            WhoBroke = failures,
            Clients = clients,
        };
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string figures = $"{Failures} of {Handshakes} handshakes failed ({StableFailures} of {StableHandshakes} with what was before)";
        return WhoBroke.Count == 0 ? figures : $"{figures}: {string.Join(", ", WhoBroke.Take(5))}; clients {string.Join(", ", Clients)}";
    }
}

/// <summary>What becomes of what is new.</summary>
public enum CanaryState
{
    /// <summary>A share of the clients sees it.</summary>
    Trying,

    /// <summary>All clients see it.</summary>
    Promoted,

    /// <summary>Nobody sees it any more.</summary>
    RolledBack,
}

/// <summary>Handshakes that failed alike.</summary>
/// <param name="Kind">What the client said, or that it went.</param>
/// <param name="ServerName">The name asked for; null: none.</param>
/// <param name="Count">How many.</param>
public sealed record CanaryFailure(string Kind, string? ServerName, long Count)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Count} × {Kind} ({ServerName ?? "no server name"})";
}
