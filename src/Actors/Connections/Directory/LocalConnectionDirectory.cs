using Actors443.Connections.History;
using Akka.Actor;

namespace Actors443.Connections.Directory;

/// <summary>The directory of a server that is in no cluster. Thread-safe.</summary>
/// <param name="supervisor">The root.</param>
internal sealed class LocalConnectionDirectory(Task<IActorRef> supervisor) : IConnectionDirectory
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    public async Task<ConnectionsFound> FindAsync(ConnectionFilter filter, ConnectionOrder order = ConnectionOrder.Age, int limit = 100, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        FoundConnections found = await AskAsync<FoundConnections>(new FindConnections(filter, order, limit), cancellationToken);
        return new ConnectionsFound(found.Total, found.Matched, [.. found.First.Select(connection => ConnectionReport.Of(connection, null))], []);
    }

    public Task<ConnectionsReached> CloseAsync(ConnectionFilter filter, string? detail = null, CancellationToken cancellationToken = default) =>
        TellAsync(filter, new Close(CloseReason.ClosedByRequest, detail), cancellationToken);

    public Task<ConnectionsReached> DrainAsync(ConnectionFilter filter, TimeSpan? deadline = null, CancellationToken cancellationToken = default) =>
        TellAsync(filter, new Drain(deadline), cancellationToken);

    public Task<ConnectionsReached> PushAsync(ConnectionFilter filter, Push message, CancellationToken cancellationToken = default) => TellAsync(filter, message, cancellationToken);

    public Task<ConnectionHistory> HistoryAsync(HistorySubject subject, int limit = 20, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        return AskAsync<ConnectionHistory>(new AskHistory(subject, limit), cancellationToken);
    }

    private async Task<ConnectionsReached> TellAsync(ConnectionFilter filter, object message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(message);
        return new ConnectionsReached(await AskAsync<int>(new TellConnections(filter, message), cancellationToken), []);
    }

    private async Task<T> AskAsync<T>(object question, CancellationToken cancellationToken) => await (await supervisor).Ask<T>(question, AnswerWithin, cancellationToken);
}
