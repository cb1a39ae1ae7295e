namespace Actors443.Server.Admin.Events;

/// <summary>What has been counted since somebody began to look.</summary>
internal sealed record TrafficReport
{
    /// <summary>How long that is.</summary>
    public required double CountedSeconds { get; init; }

    /// <summary>Connections.</summary>
    public required long Accepted { get; init; }

    /// <summary>That have ended, the most frequent first.</summary>
    public required IReadOnlyList<HandshakeCount> Handshakes { get; init; }

    /// <summary>Connections refused before any cryptography, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Refused { get; init; }

    /// <summary>Connections that have ended, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Ended { get; init; }

    /// <summary>Requests answered, by class of status: <c>2xx</c>, …</summary>
    public required IReadOnlyDictionary<string, long> Requests { get; init; }
}

/// <param name="Outcome"><c>completed</c>, or the reason of the failure.</param>
/// <param name="Version"><c>1.2</c>, <c>1.3</c>; null: it failed.</param>
/// <param name="Resumed">Null: it failed.</param>
/// <param name="Count">How many.</param>
internal sealed record HandshakeCount(string Outcome, string? Version, bool? Resumed, long Count);
