using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Connections.History;

namespace Actors443.Cluster.Nodes;

/// <summary>The directory of all nodes: each is asked what it has at that moment, and nothing is kept anywhere. Thread-safe.</summary>
internal sealed class ClusterConnectionDirectory(ClusterNodes nodes) : IConnectionDirectory
{
    // An answer must fit into a frame of Akka.Remote.
    private const int MostInAnswer = 1000;

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    public async Task<ConnectionsFound> FindAsync(ConnectionFilter filter, ConnectionOrder order = ConnectionOrder.Age, int limit = 100, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var find = new FindOnNode(filter.Text, order, 0, Math.Min(limit, MostInAnswer));
        IReadOnlyList<NodeAnswer<FoundOnNode>> answers = await nodes.AskAllAsync<FoundOnNode>(NodeActor.Name, find, AnswerWithin, filter.MayBeOn, cancellationToken);
        List<ConnectionReport>[] found = await Task.WhenAll(answers.Select(answer => AllOfAsync(answer, find, limit, cancellationToken)));
        return new ConnectionsFound(
            answers.Sum(answer => answer.Answer?.Total ?? 0), answers.Sum(answer => answer.Answer?.Matched ?? 0), [.. Sorted(found.SelectMany(part => part), order).Take(limit)], Silent(answers, answer => answer.Problem));
    }

    public Task<ConnectionsReached> CloseAsync(ConnectionFilter filter, string? detail = null, CancellationToken cancellationToken = default) =>
        ActAsync(filter, where => new ActOnNode { Where = where, Action = ConnectionAction.Close, Detail = detail }, cancellationToken);

    public Task<ConnectionsReached> DrainAsync(ConnectionFilter filter, TimeSpan? deadline = null, CancellationToken cancellationToken = default) =>
        ActAsync(filter, where => new ActOnNode { Where = where, Action = ConnectionAction.Drain, Deadline = deadline }, cancellationToken);

    public Task<ConnectionsReached> PushAsync(ConnectionFilter filter, Push message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return ActAsync(filter, where => new ActOnNode { Where = where, Action = ConnectionAction.Push, Data = message.Data.ToArray(), IsText = message.IsText }, cancellationToken);
    }

    public async Task<ConnectionHistory> HistoryAsync(HistorySubject subject, int limit = 20, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        IReadOnlyList<NodeAnswer<HistoryOfNode>> answers = await nodes.AskAllAsync<HistoryOfNode>(NodeActor.Name, new AskNodeHistory(subject.Text, Math.Min(limit, MostInAnswer)), AnswerWithin, cancellationToken: cancellationToken);
        List<(string Node, ConnectionHistory History)> known = [.. answers.Where(answer => answer.Answer?.History is not null).Select(answer => (answer.Node, answer.Answer!.History!))];
        return new ConnectionHistory
        {
            Ended = [.. known.SelectMany(part => part.History.Ended.Select(ended => ended with { Last = ended.Last with { Node = part.Node } })).OrderByDescending(ended => ended.EndedAt).Take(limit)],
            Matched = known.Sum(part => part.History.Matched),
            Forgotten = known.Sum(part => part.History.Forgotten),
            Reasons =
            [
                .. known.SelectMany(part => part.History.Reasons).GroupBy(reason => reason.Reason)
                    .Select(group => group.First() with { Count = group.Sum(reason => reason.Count) }).OrderByDescending(reason => reason.Count),
            ],
            Refused = [.. known.SelectMany(part => part.History.Refused.Select(refused => refused with { Node = part.Node })).OrderByDescending(refused => refused.Last).Take(limit)],
            Open = known.Sum(part => part.History.Open),
            KeptSeconds = known.Count == 0 ? 0 : known.Max(part => part.History.KeptSeconds),
            Silent = Silent(answers, answer => answer.Problem),
        };
    }

    private async Task<ConnectionsReached> ActAsync(ConnectionFilter filter, Func<string, ActOnNode> act, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        IReadOnlyList<NodeAnswer<ReachedOnNode>> answers = await nodes.AskAllAsync<ReachedOnNode>(NodeActor.Name, act(filter.Text), AnswerWithin, filter.MayBeOn, cancellationToken);
        return new ConnectionsReached(answers.Sum(answer => answer.Answer?.Count ?? 0), Silent(answers, answer => answer.Problem));
    }

    // More than fits into an answer is asked for piece by piece.
    private async Task<List<ConnectionReport>> AllOfAsync(NodeAnswer<FoundOnNode> first, FindOnNode find, int limit, CancellationToken cancellationToken)
    {
        List<ConnectionReport> all = [.. first.Answer?.Connections.Select(Named) ?? []];
        for (int before = 0; all.Count > before && all.Count < limit && all.Count < first.Answer!.Matched;)
        {
            before = all.Count;
            IReadOnlyList<NodeAnswer<FoundOnNode>> more = await nodes.AskAllAsync<FoundOnNode>(
                NodeActor.Name, find with { Skip = all.Count, Count = Math.Min(limit - all.Count, MostInAnswer) }, AnswerWithin, node => node == first.Node, cancellationToken);
            all.AddRange(more.SelectMany(answer => answer.Answer?.Connections ?? []).Select(Named));
        }

        return all;

        ConnectionReport Named(ConnectionReport report) => report with { Node = first.Node };
    }

    private static IOrderedEnumerable<ConnectionReport> Sorted(IEnumerable<ConnectionReport> reports, ConnectionOrder order) => order switch
    {
        ConnectionOrder.Requests => reports.OrderByDescending(report => report.Requests).ThenByDescending(report => report.AgeSeconds),
        ConnectionOrder.Bytes => reports.OrderByDescending(report => report.BytesRead + report.BytesWritten).ThenByDescending(report => report.AgeSeconds),
        _ => reports.OrderByDescending(report => report.AgeSeconds).ThenBy(report => report.Id, StringComparer.Ordinal),
    };

    private static IReadOnlyList<string> Silent<T>(IReadOnlyList<NodeAnswer<T>> answers, Func<T, string?> problem)
        where T : class =>
        [.. answers.Where(answer => answer.Answer is null).Select(answer => answer.Node), .. answers.Where(answer => answer.Answer is { } known && problem(known) is not null).Select(answer => $"{answer.Node} ({problem(answer.Answer!)})")];
}
