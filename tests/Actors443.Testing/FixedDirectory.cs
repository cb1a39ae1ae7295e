using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Connections.History;

namespace Actors443.Testing;

/// <summary>A directory of the connections that a test names. What is done to them is listed.</summary>
internal sealed class FixedDirectory(IReadOnlyList<ConnectionSnapshot> connections) : IConnectionDirectory
{
    public List<string> Done { get; } = [];

    /// <summary>What is remembered, whoever's is asked for.</summary>
    public ConnectionHistory History { get; set; } = new();

    /// <summary>Whose was asked for last.</summary>
    public string? HistoryAskedOf { get; private set; }

    public Task<ConnectionsFound> FindAsync(ConnectionFilter filter, ConnectionOrder order = ConnectionOrder.Age, int limit = 100, CancellationToken cancellationToken = default)
    {
        FoundConnections found = FoundConnections.Among(connections, new FindConnections(filter, order, limit));
        return Task.FromResult(new ConnectionsFound(found.Total, found.Matched, [.. found.First.Select(connection => ConnectionReport.Of(connection, null))], []));
    }

    public Task<ConnectionsReached> CloseAsync(ConnectionFilter filter, string? detail = null, CancellationToken cancellationToken = default) => DoAsync(filter, "close");

    public Task<ConnectionsReached> DrainAsync(ConnectionFilter filter, TimeSpan? deadline = null, CancellationToken cancellationToken = default) => DoAsync(filter, "drain");

    public Task<ConnectionsReached> PushAsync(ConnectionFilter filter, Push message, CancellationToken cancellationToken = default) =>
        DoAsync(filter, "push " + System.Text.Encoding.UTF8.GetString(message.Data.Span));

    public Task<ConnectionHistory> HistoryAsync(HistorySubject subject, int limit = 20, CancellationToken cancellationToken = default)
    {
        HistoryAskedOf = $"{subject} {limit}";
        return Task.FromResult(History);
    }

    private async Task<ConnectionsReached> DoAsync(ConnectionFilter filter, string what)
    {
        ConnectionsFound found = await FindAsync(filter, limit: int.MaxValue);
        Done.AddRange(found.Connections.Select(connection => $"{what} {connection.Id}"));
        return new ConnectionsReached(found.Matched, []);
    }
}
