namespace Actors443.Server.Load.Clients;

/// <summary>What the connections of one group on one loop have in common.</summary>
internal sealed record ConnectionPlan
{
    public required ClientTarget Target { get; init; }

    /// <summary>Null: plain TCP.</summary>
    public required ClientTlsContext? Tls { get; init; }

    public required LoopRecorder Recorder { get; init; }

    /// <summary>Stopwatch ticks.</summary>
    public required long ConnectTimeout { get; init; }

    /// <summary>Stopwatch ticks; <see cref="Never"/>: the server may take its time.</summary>
    public required long RequestTimeout { get; init; }

    /// <summary>The client says hello and nothing else.</summary>
    public bool StopsInHandshake { get; init; }

    /// <summary>What comes is read only by <see cref="ClientConnection.ReadSome"/>.</summary>
    public bool ReadsOnDemand { get; init; }

    /// <summary>Bytes the kernel may hold for it; null: its default.</summary>
    public int? ReceiveBuffer { get; init; }

    /// <summary>A timeout that does not come.</summary>
    public static long Never => long.MaxValue / 4;
}
