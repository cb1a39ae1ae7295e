using Actors443.Cluster.Messages;

namespace Actors443.Admission.Sharing;

/// <summary>From a node to the others: what it counts.</summary>
internal sealed record LimitCounts : IClusterMessage
{
    /// <summary>Tells the sender's incarnations apart, with its address.</summary>
    public int Incarnation { get; init; }

    /// <summary>Number of the last change before these.</summary>
    public long Previous { get; init; }

    /// <summary>Number of the last of these; the same: there is none, and this says only how far one should have heard.</summary>
    public long Sequence { get; init; }

    /// <summary>Not changes, but all there is.</summary>
    public bool IsWhole { get; init; }

    /// <summary>More of the whole follows.</summary>
    public bool IsPart { get; init; }

    /// <summary>By key; 0: no longer of interest.</summary>
    public IReadOnlyDictionary<string, int> Counts { get; init; } = new Dictionary<string, int>();
}

/// <summary>From a node to another: tell me all that you count.</summary>
internal sealed record AskLimitCounts : IClusterMessage
{
    public static AskLimitCounts Instance { get; } = new();
}
