using System.Text.Json;
using Actors443.WebSockets;
using Akka.Actor;
using Akka.Cluster;

namespace Actors443.Samples.Chat;

/// <summary>
/// The room on this node: every WebSocket is an actor reference, and what one says all are told, those of the other nodes by their rooms. A node that dies takes its clients along;
/// they come back to another, which has heard all that they have.
/// </summary>
internal sealed class Room : ReceiveActor
{
    public const string Name = "room";
    public const string Role = "chat";

    private const int Remembered = 50;

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly string _node;
    private readonly Dictionary<IActorRef, string> _members = [];
    private readonly Dictionary<string, ActorSelection> _others = [];
    private readonly Dictionary<string, int> _elsewhere = [];
    private List<Line> _lines = [];
    private int _number;

    public Room()
    {
        _node = NodeOf(_cluster.SelfAddress);
        Receive<WebSocketOpened>(OnOpened);
        Receive<WebSocketReceived>(OnReceived);
        Receive<WebSocketClosed>(_ => OnClosed());
        Receive<Said>(OnSaidElsewhere);
        Receive<Before>(OnBefore);
        Receive<ClusterEvent.MemberUp>(up => OnNode(up.Member));
        Receive<ClusterEvent.MemberRemoved>(removed => OnNodeGone(removed.Member));
    }

    private int Everybody => _members.Count + _elsewhere.Values.Sum();

    protected override void PreStart() => _cluster.Subscribe(Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.MemberUp), typeof(ClusterEvent.MemberRemoved));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private static string NodeOf(Address address) => $"{address.Host}:{address.Port}";

    private static WebSocketSend Told(Line line) => WebSocketSend.Text(JsonSerializer.Serialize(new { from = line.From, text = line.Text }));

    private void OnOpened(WebSocketOpened opened)
    {
        string name = opened.Request.Query["name"].ToString() is { Length: > 0 and <= 40 } given ? given : "somebody";
        foreach (Line line in _lines)
            Sender.Tell(Told(line));
        _members.Add(Sender, name);
        Say("", $"{name} has come; there are {Everybody} here now.");
    }

    private void OnReceived(WebSocketReceived received)
    {
        // The next one is read only now: whoever floods the room waits for it.
        Sender.Tell(WebSocketAck.Instance);
        if (received.IsText && _members.TryGetValue(Sender, out string? name))
            Say(name, received.Text);
    }

    private void OnClosed()
    {
        if (_members.Remove(Sender, out string? name))
            Say("", $"{name} has gone; there are {Everybody} here now.");
    }

    private void Say(string from, string text)
    {
        var line = new Line($"{_node}/{++_number}/{_cluster.SelfUniqueAddress.Uid}", from, text);
        TellMembers(line);
        foreach (ActorSelection other in _others.Values)
            other.Tell(new Said(_node, _members.Count, line));
    }

    private void OnSaidElsewhere(Said said)
    {
        _elsewhere[said.Node] = said.Here;
        TellMembers(said.Line);
    }

    private void TellMembers(Line line)
    {
        _lines.Add(line);
        if (_lines.Count > Remembered)
            _lines.RemoveAt(0);
        // One message for all.
        WebSocketSend told = Told(line);
        foreach (IActorRef member in _members.Keys)
            member.Tell(told);
    }

    private void OnNode(Member node)
    {
        if (node.HasRole(Role) && !node.UniqueAddress.Equals(_cluster.SelfUniqueAddress))
        {
            ActorSelection room = _others[NodeOf(node.Address)] = Context.ActorSelection(new RootActorPath(node.Address) / "user" / Name);
            room.Tell(new Before(_node, _members.Count, [.. _lines]));
        }
    }

    private void OnNodeGone(Member node)
    {
        string name = NodeOf(node.Address);
        _others.Remove(name);
        // Every node says it to its own: the line is the same.
        if (_elsewhere.Remove(name, out int gone) && gone > 0)
            TellMembers(new Line($"{name}/gone/{node.UniqueAddress.Uid}", "", $"A server has gone, with {gone} of us; there are {Everybody} here now."));
    }

    private void OnBefore(Before before)
    {
        _elsewhere[before.Node] = before.Here;
        // What both have heard is there once; those who come from now on are told.
        _lines = [.. before.Lines.Concat(_lines).DistinctBy(line => line.Id).TakeLast(Remembered)];
    }
}
