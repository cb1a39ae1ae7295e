namespace Actors443.Samples.Chat;

/// <summary>Goes from the room on one node to those on the others.</summary>
internal interface IRoomMessage;

/// <summary>Something that was said, the same on every node.</summary>
/// <param name="Id">No two have the same.</param>
/// <param name="From">Who; empty: the room itself.</param>
/// <param name="Text">What.</param>
internal sealed record Line(string Id, string From, string Text);

/// <summary>It was said on that node, where so many are now.</summary>
internal sealed record Said(string Node, int Here, Line Line) : IRoomMessage;

/// <summary>To a node that has come: so many are on this one, and this is what was said so far.</summary>
internal sealed record Before(string Node, int Here, IReadOnlyList<Line> Lines) : IRoomMessage;

internal static class RoomMessages
{
    public static Dictionary<string, Type> Types { get; } = new() { ["said"] = typeof(Said), ["before"] = typeof(Before) };
}
