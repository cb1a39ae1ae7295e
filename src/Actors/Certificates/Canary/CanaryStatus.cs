namespace Actors443.Certificates.Canary;

/// <summary>How the last trial of new certificates stands, for <c>certs</c> and the admin API.</summary>
public sealed record CanaryStatus
{
    /// <summary>What becomes of it.</summary>
    public required CanaryState State { get; init; }

    /// <summary>Names of the new certificates.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>Share of the clients that sees them.</summary>
    public required double Share { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Handshakes with a new certificate.</summary>
    public required long Handshakes { get; init; }

    /// <summary>Of these failed.</summary>
    public required long Failures { get; init; }

    /// <summary>Handshakes with an old certificate meanwhile.</summary>
    public required long StableHandshakes { get; init; }

    /// <summary>Of these failed.</summary>
    public required long StableFailures { get; init; }

    /// <summary>Who could not use a new certificate, most frequent first.</summary>
    public required IReadOnlyList<CanaryFailure> WhoBroke { get; init; }

    /// <summary>Some of their addresses.</summary>
    public required IReadOnlyList<string> Clients { get; init; }

    internal static CanaryStatus Of(CanaryTrial trial, CanaryState state)
    {
        CanaryCounts counts = trial.Counts;
        (IReadOnlyList<CanaryFailure> failures, IReadOnlyList<string> clients) = trial.WhoBroke();
        return new CanaryStatus
        {
            State = state,
            Names = trial.Names,
            Share = trial.Share,
            Since = trial.Since,
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
        string figures = $"{Failures} of {Handshakes} handshakes failed ({StableFailures} of {StableHandshakes} with the certificate before)";
        return WhoBroke.Count == 0 ? figures : $"{figures}: {string.Join(", ", WhoBroke.Take(5))}; clients {string.Join(", ", Clients)}";
    }
}

/// <summary>What becomes of new certificates.</summary>
public enum CanaryState
{
    /// <summary>A share of the clients sees them.</summary>
    Trying,

    /// <summary>All clients see them.</summary>
    Promoted,

    /// <summary>Nobody sees them any more.</summary>
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
