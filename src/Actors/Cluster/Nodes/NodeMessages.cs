using Actors443.Cluster.Messages;
using Actors443.Connections.Directory;
using Actors443.Connections.Draining;
using Actors443.Connections.History;

namespace Actors443.Cluster.Nodes;

/// <summary>To a node: how it is. Answers <see cref="NodeStatus"/>.</summary>
internal sealed record AskNodeStatus : IClusterMessage
{
    public static AskNodeStatus Instance { get; } = new();
}

/// <summary>How a node is.</summary>
internal sealed record NodeStatus : IClusterMessage
{
    public string Version { get; init; } = "";

    /// <summary>In lower case: <c>running</c>, <c>draining</c>, …</summary>
    public string Phase { get; init; } = "";

    public bool Ready { get; init; }

    /// <summary>It is in a cluster. A node that does not say so may be.</summary>
    public bool IsMember { get; init; } = true;

    public DateTimeOffset StartedAt { get; init; }

    public int Connections { get; init; }

    public int Handshakes { get; init; }

    /// <summary>How many connections more it could take at this moment; null: it is of a version that does not say.</summary>
    public int? Credit { get; init; }

    /// <summary>How far its stop has come, if it lets connections go step by step; else null.</summary>
    public DrainProgress? Drain { get; init; }

    /// <summary>In lower case: <c>normal</c>, <c>shedding</c>, <c>paused</c>.</summary>
    public string Mode { get; init; } = "";

    public int Certificates { get; init; }

    /// <summary>Of the cluster's configuration, by which it serves; 0: by its own files.</summary>
    public long Generation { get; init; }

    /// <summary>Why that may not be the cluster's; null: it is.</summary>
    public string? GenerationProblem { get; init; }

    public IReadOnlyList<string> Addresses { get; init; } = [];
}

/// <summary>To a node: which of its connections a filter means. Answers <see cref="FoundOnNode"/>.</summary>
internal sealed record FindOnNode(string Where, ConnectionOrder Order, int Skip, int Count) : IClusterMessage;

/// <param name="Problem">Why the node cannot say: it is of another version, perhaps; null: it can.</param>
internal sealed record FoundOnNode(int Total, int Matched, IReadOnlyList<ConnectionReport> Connections, string? Problem = null) : IClusterMessage;

/// <summary>To a node: do this with the connections that a filter means. Answers <see cref="ReachedOnNode"/>.</summary>
internal sealed record ActOnNode : IClusterMessage
{
    public required string Where { get; init; }

    public required ConnectionAction Action { get; init; }

    /// <summary>Of <see cref="ConnectionAction.Close"/>: told in the obituary.</summary>
    public string? Detail { get; init; }

    /// <summary>Of <see cref="ConnectionAction.Drain"/>; null: the node's own deadline.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Of <see cref="ConnectionAction.Push"/>.</summary>
    public byte[] Data { get; init; } = [];

    /// <summary>Of <see cref="ConnectionAction.Push"/>.</summary>
    public bool IsText { get; init; }
}

internal enum ConnectionAction
{
    Close,
    Drain,
    Push,
}

internal sealed record ReachedOnNode(int Count, string? Problem = null) : IClusterMessage;

/// <summary>To a node: what it remembers of somebody's connections. Answers <see cref="HistoryOfNode"/>.</summary>
internal sealed record AskNodeHistory(string Subject, int Count) : IClusterMessage;

internal sealed record HistoryOfNode(ConnectionHistory? History, string? Problem = null) : IClusterMessage;
