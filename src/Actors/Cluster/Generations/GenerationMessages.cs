using Actors443.Cluster.Messages;

namespace Actors443.Cluster.Generations;

/// <summary>To any node: have this configuration in force on all nodes, or on none. Answers <see cref="ConfigurationPushed"/>.</summary>
/// <param name="Packed">A <see cref="ConfigurationGeneration"/>; its number is yet to be given.</param>
/// <param name="Replaces">Only if this generation is the cluster's; null: whichever is.</param>
internal sealed record PushConfiguration(byte[] Packed, long? Replaces) : IClusterMessage;

/// <summary>What came of a push.</summary>
internal sealed record ConfigurationPushed : IClusterMessage
{
    public PushOutcome Outcome { get; init; }

    /// <summary>The cluster's, after it.</summary>
    public long Generation { get; init; }

    /// <summary>Who has pushed that.</summary>
    public string By { get; init; } = "";

    /// <summary>Nodes that have put it in force.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>Refused: why, by which node. Applied: nodes that have it not in force yet, or could not put it in force all the same, and are not ready.</summary>
    public IReadOnlyList<NodeProblem> Problems { get; init; } = [];
}

internal enum PushOutcome
{
    /// <summary>Decided: it is the cluster's.</summary>
    Applied,

    /// <summary>It was already.</summary>
    Unchanged,

    /// <summary>Nothing was changed anywhere.</summary>
    Refused,

    /// <summary>Nothing was changed: another generation is the cluster's than the one it was to replace.</summary>
    Superseded,

    /// <summary>Nothing was changed: another push is under way.</summary>
    Busy,
}

/// <param name="Node">Which.</param>
/// <param name="Text">What is wrong with it, for people.</param>
/// <param name="HasFailed">It had said that it could put it in force.</param>
internal sealed record NodeProblem(string Node, string Text, bool HasFailed = false);

/// <summary>To a node: could this be put in force there? Changes nothing. Answers <see cref="ConfigurationPrepared"/>.</summary>
internal sealed record PrepareConfiguration(byte[] Packed) : IClusterMessage;

/// <param name="Problems">Why not; empty: it could.</param>
internal sealed record ConfigurationPrepared(IReadOnlyList<string> Problems) : IClusterMessage;

/// <summary>To a node: answer <see cref="GenerationInForce"/> when this generation, or a later one, is in force there, or cannot be.</summary>
internal sealed record AwaitGeneration(long Number) : IClusterMessage;

/// <param name="Number">That is in force.</param>
/// <param name="Problem">Why it is not the one awaited; null: it is.</param>
internal sealed record GenerationInForce(long Number, string? Problem) : IClusterMessage;
