using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Connections.History;
using Actors443.Supervision;
using Akka.Actor;

namespace Actors443.Cluster.Nodes;

/// <summary><c>/user/actors443/cluster/node</c>: answers for this node what others ask.</summary>
internal sealed class NodeActor(ServerEnvironment environment, IActorRef directory) : UntypedActor
{
    public const string Name = "node";

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case AskNodeStatus:
                Sender.Tell(Status());
                break;
            case FindOnNode find:
                FindAsync(find).PipeTo(Sender, Self);
                break;
            case AskNodeHistory ask:
                TellHistoryAsync(ask).PipeTo(Sender, Self);
                break;
            case ActOnNode act:
                ActAsync(act).PipeTo(Sender, Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private NodeStatus Status() => new()
    {
        Version = typeof(NodeActor).Assembly.GetName().Version!.ToString(3),
        Phase = environment.Lifecycle.Phase.ToString().ToLowerInvariant(),
        Ready = ServerReadiness.Of(environment).IsReady,
        IsMember = environment.Lifecycle.Membership == ClusterMembership.Up,
        StartedAt = environment.Lifecycle.StartedAt,
        Connections = environment.Gate.Connections,
        Handshakes = environment.Gate.Handshakes,
        Credit = environment.Gate.Credit,
        Drain = environment.Lifecycle.Drain,
        Mode = environment.Gate.Mode.ToString().ToLowerInvariant(),
        Certificates = environment.Certificates.Current.Certificates.Count,
        Generation = environment.ClusterConfiguration.State.InForce.Number,
        GenerationProblem = environment.ClusterConfiguration.State.Problem,
        Addresses = environment.Lifecycle.Addresses,
    };

    private async Task<FoundOnNode> FindAsync(FindOnNode find)
    {
        if (!ConnectionFilter.TryParse(find.Where, out ConnectionFilter? filter, out string? problem))
            return new FoundOnNode(0, 0, [], problem);
        FoundConnections found = await directory.Ask<FoundConnections>(new FindConnections(filter, find.Order, find.Skip + find.Count), AnswerWithin);
        // The name is the asker's to know.
        return new FoundOnNode(found.Total, found.Matched, [.. found.First.Skip(find.Skip).Select(connection => ConnectionReport.Of(connection, null))]);
    }

    private async Task<HistoryOfNode> TellHistoryAsync(AskNodeHistory ask) => HistorySubject.TryParse(ask.Subject, out HistorySubject? subject, out string? problem)
        ? new HistoryOfNode(await directory.Ask<ConnectionHistory>(new AskHistory(subject, ask.Count), AnswerWithin))
        : new HistoryOfNode(null, problem);

    private async Task<ReachedOnNode> ActAsync(ActOnNode act)
    {
        if (!ConnectionFilter.TryParse(act.Where, out ConnectionFilter? filter, out string? problem))
            return new ReachedOnNode(0, problem);
        object message = act.Action switch
        {
            ConnectionAction.Close => new Close(CloseReason.ClosedByRequest, act.Detail),
            ConnectionAction.Drain => new Drain(act.Deadline),
            _ => new Push(act.Data, act.IsText),
        };
        return new ReachedOnNode(await directory.Ask<int>(new TellConnections(filter, message), AnswerWithin));
    }
}
