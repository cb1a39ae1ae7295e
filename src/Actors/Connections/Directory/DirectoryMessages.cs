using Akka.Actor;

namespace Actors443.Connections.Directory;

/// <summary>To the directory, a listener or a connection supervisor: which connections a filter means. Answers <see cref="FoundConnections"/>.</summary>
/// <param name="Filter">Its conditions on nodes are not looked at here.</param>
/// <param name="Order">Which of them come first.</param>
/// <param name="Count">How many to tell of, at most.</param>
internal sealed record FindConnections(ConnectionFilter Filter, ConnectionOrder Order, int Count) : INoSerializationVerificationNeeded;

/// <param name="Total">Connections there are.</param>
/// <param name="Matched">Those the filter means.</param>
/// <param name="First">The first of them, in order.</param>
internal sealed record FoundConnections(int Total, int Matched, IReadOnlyList<ConnectionSnapshot> First) : INoSerializationVerificationNeeded
{
    public static FoundConnections Among(IReadOnlyList<ConnectionSnapshot> connections, FindConnections find)
    {
        List<ConnectionSnapshot> matched = [.. connections.Where(find.Filter.Matches)];
        return new FoundConnections(connections.Count, matched.Count, Sorted(matched, find));
    }

    public static FoundConnections Merge(IReadOnlyList<FoundConnections> parts, FindConnections find) =>
        new(parts.Sum(part => part.Total), parts.Sum(part => part.Matched), Sorted(parts.SelectMany(part => part.First), find));

    private static List<ConnectionSnapshot> Sorted(IEnumerable<ConnectionSnapshot> connections, FindConnections find)
    {
        IOrderedEnumerable<ConnectionSnapshot> sorted = find.Order switch
        {
            ConnectionOrder.Requests => connections.OrderByDescending(connection => connection.Requests),
            ConnectionOrder.Bytes => connections.OrderByDescending(connection => connection.BytesRead + connection.BytesWritten),
            _ => connections.OrderByDescending(connection => connection.Age),
        };
        return [.. sorted.ThenByDescending(connection => connection.Age).ThenBy(connection => connection.Id, StringComparer.Ordinal).Take(find.Count)];
    }
}

/// <summary>To the directory, a listener or a connection supervisor: pass the message on to the connections that a filter means; answers how many there were. See
/// <see cref="ConnectionFilter.Reaches"/>.</summary>
internal sealed record TellConnections(ConnectionFilter Filter, object Message) : INoSerializationVerificationNeeded;
