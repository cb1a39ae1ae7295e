using System.Net;

namespace Actors443.Connections;

/// <summary>The story of a connection that ended as it should not, published by its supervisor on the actor system's event stream.</summary>
/// <param name="Id">The connection.</param>
/// <param name="EndedAt">Wall-clock time of the end.</param>
/// <param name="Remote">The client.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Detail">In words, where there is more to say.</param>
/// <param name="Last">The facts at the end.</param>
/// <param name="Events">The last lifecycle events.</param>
public sealed record Obituary(
    string Id,
    DateTimeOffset EndedAt,
    IPEndPoint Remote,
    CloseReason Reason,
    string? Detail,
    ConnectionSnapshot Last,
    IReadOnlyList<LifecycleEntry> Events);

/// <summary>On the event stream: a connection has ended in order, but neither client nor HTTP wanted it to.</summary>
internal sealed record OrderlyEnd(Obituary Story);
