namespace Actors443.Server.Load.Cluster;

/// <summary>What goes over the wire between load nodes. <see cref="LoadNodeSerializer"/> knows them all, and nothing else is understood.</summary>
internal interface ILoadNodeMessage;

/// <summary>From a node to the coordinator: it is there and has nothing to do.</summary>
/// <param name="Name">For reports: the node's address.</param>
internal sealed record NodeReady(string Name) : ILoadNodeMessage;

/// <summary>To a node: look whether you can do this, and say so.</summary>
/// <param name="Texts">The scenario and its options, as HOCON.</param>
internal sealed record PrepareShare(IReadOnlyList<string> Texts, int Index, int Nodes) : ILoadNodeMessage;

/// <summary>From a node.</summary>
/// <param name="Problem">Null: it can.</param>
internal sealed record SharePrepared(string? Problem) : ILoadNodeMessage;

/// <summary>To a node: begin now.</summary>
internal sealed record StartShare : ILoadNodeMessage;

/// <summary>To a node: end now, in order.</summary>
internal sealed record StopShare : ILoadNodeMessage;

/// <summary>From a node: what it counted.</summary>
internal sealed record ShareCounted(Results.IntervalSample Sample) : ILoadNodeMessage;

/// <summary>From a node: all its clients have ended.</summary>
/// <param name="Problem">Null: in order.</param>
internal sealed record ShareEnded(string? Problem) : ILoadNodeMessage;
