namespace Actors443.Configuration;

/// <summary><c>actors443.requests</c>: what routes to actors do if they say nothing else themselves.</summary>
public sealed record RequestSettings
{
    /// <summary>How long an actor may take to begin its answer; then 504.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The longest body that an actor gets whole, in bytes; a longer one is answered by 413.</summary>
    public int Body { get; init; } = 1024 * 1024;

    /// <summary>How many bytes of a streamed answer may be on their way to the client.</summary>
    public int ReplyWindow { get; init; } = 64 * 1024;

    /// <summary>What happens when an actor fails.</summary>
    public RouteSupervisionSettings Supervision { get; init; } = new();

    /// <summary>The same for single routes, by their pattern, or by the name of a mapped protocol.</summary>
    public IReadOnlyDictionary<string, RouteSupervisionSettings> Routes { get; init; } = new SortedDictionary<string, RouteSupervisionSettings>(StringComparer.Ordinal);
}
