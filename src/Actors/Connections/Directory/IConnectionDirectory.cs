using Actors443.Connections.History;

namespace Actors443.Connections.Directory;

/// <summary>
/// Who is connected and who was, on every node of the cluster (without one: here). <c>system.GetConnectionDirectory()</c> finds it, and so does a web host's dependency injection. Thread-safe.
/// </summary>
public interface IConnectionDirectory
{
    /// <summary>The connections that a filter means.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="order">Which of them come first.</param>
    /// <param name="limit">How many to tell of, at most; all of them are counted.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    Task<ConnectionsFound> FindAsync(ConnectionFilter filter, ConnectionOrder order = ConnectionOrder.Age, int limit = 100, CancellationToken cancellationToken = default);

    /// <summary>Closes the connections that a filter means, whatever is in flight.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="detail">Told in their obituaries; null: nothing to add.</param>
    /// <param name="cancellationToken">Gives up waiting for the answers.</param>
    Task<ConnectionsReached> CloseAsync(ConnectionFilter filter, string? detail = null, CancellationToken cancellationToken = default);

    /// <summary>Lets the connections that a filter means end in order: what is in flight is finished first.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="deadline">After it they are cut off; null: <c>drain.deadline</c> of their node.</param>
    /// <param name="cancellationToken">Gives up waiting for the answers.</param>
    Task<ConnectionsReached> DrainAsync(ConnectionFilter filter, TimeSpan? deadline = null, CancellationToken cancellationToken = default);

    /// <summary>Says something to the clients of the connections that a filter means: see <see cref="Push"/>.</summary>
    Task<ConnectionsReached> PushAsync(ConnectionFilter filter, Push message, CancellationToken cancellationToken = default);

    /// <summary>Why connections have ended that did not end by the client's or HTTP's own will, and who was refused: what is remembered of the last <c>obituaries.for</c>.</summary>
    /// <param name="subject">Whose.</param>
    /// <param name="limit">How many ends to tell of, at most; all of them are counted.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    Task<ConnectionHistory> HistoryAsync(HistorySubject subject, int limit = 20, CancellationToken cancellationToken = default);
}

/// <summary>What was found.</summary>
/// <param name="Total">Connections of all nodes that answered.</param>
/// <param name="Matched">Those the filter means.</param>
/// <param name="Connections">The first of them, in the order that was asked for.</param>
/// <param name="Silent">Nodes that did not answer in time: what they have is not in this.</param>
public sealed record ConnectionsFound(int Total, int Matched, IReadOnlyList<ConnectionReport> Connections, IReadOnlyList<string> Silent);

/// <summary>Who was reached.</summary>
/// <param name="Count">Connections whose actors were told.</param>
/// <param name="Silent">Nodes that did not answer in time: whether theirs were told is not known.</param>
public sealed record ConnectionsReached(int Count, IReadOnlyList<string> Silent);
