using Actors443.Admission;
using Actors443.Admission.Sharing;
using Xunit.Abstractions;

namespace Actors443.Tests.Admission;

/// <summary>Limits that nodes share, without a network: what a test does not hand on has not arrived.</summary>
public sealed class LimitReplicaTests(ITestOutputHelper output)
{
    private const int Limit = 30;

    [Fact]
    public void Nodes_that_hear_of_each_other_let_in_exactly_the_limit_wherever_clients_come()
    {
        var nodes = new Nodes(3);

        int entered = Enumerable.Range(0, 100).Count(number => nodes.Enter("alice", number * number % 3));

        Assert.Equal(Limit, entered);
        for (int node = 0; node < 3; node++)
            Assert.False(nodes.Enter("alice", node));
        nodes.Leave("alice", 1);
        Assert.True(nodes.Enter("alice", 2));
        Assert.False(nodes.Enter("alice", 0));
    }

    [Fact]
    public void Who_has_less_than_a_nodes_part_costs_no_message()
    {
        var nodes = new Nodes(3);

        foreach (int client in Enumerable.Range(0, 1000))
        {
            for (int connection = 0; connection < Limit - 3; connection++)
                Assert.True(nodes.Enter($"c{client}", connection % 3));
        }

        Assert.Equal(0, nodes.Messages);
        // At its part, one tells, and the others then tell what they have.
        nodes.Enter("c0", 0);
        Assert.InRange(nodes.Messages, 1, 3 * 2);
    }

    [Fact]
    public void When_nobody_has_much_any_more_nobody_tells_of_it()
    {
        var nodes = new Nodes(3);
        for (int number = 0; number < 15; number++)
            nodes.Enter("alice", 0);
        nodes.Enter("alice", 1);
        Assert.Equal((1, 1), (nodes[0].Replica.Told, nodes[1].Replica.Told));

        for (int number = 0; number < 10; number++)
            nodes.Leave("alice", 0);

        Assert.Equal((0, 0, 0), (nodes[0].Replica.Told, nodes[1].Replica.Told, nodes[2].Replica.Known));
    }

    [Fact]
    public void The_share_of_an_incarnation_that_is_gone_is_free_and_that_of_the_next_is_its_own()
    {
        var nodes = new Nodes(3);
        for (int number = 0; number < Limit; number++)
            Assert.True(nodes.Enter("alice", number % 2));
        Assert.False(nodes.Enter("alice", 2));

        nodes.Kill(0);

        Assert.Equal(15, nodes.EnterAll("alice", 1, 2));
        nodes.Add();
        Assert.False(nodes.Enter("alice", 3));
    }

    // At worst neither side knew anything of the other: then each has the limit. What was known of the other side goes on counting.
    [Theory]
    [InlineData(6, 6, 2 * Limit)]
    [InlineData(20, 0, 40)]
    [InlineData(15, 15, Limit)]
    public void Apart_each_side_lets_in_what_it_does_not_know_the_other_has_and_together_they_are_exact_again(int majorityBefore, int minorityBefore, int expected)
    {
        var nodes = new Nodes(3);
        for (int number = 0; number < majorityBefore; number++)
            nodes.Enter("alice", 0);
        for (int number = 0; number < minorityBefore; number++)
            nodes.Enter("alice", 2);

        nodes.Cut(2);
        nodes.EnterAll("alice", 2);
        nodes.EnterAll("alice", 0, 1);

        Assert.Equal(expected, nodes.Total("alice"));
        nodes.Heal();
        Assert.Equal(0, nodes.EnterAll("alice", 0, 1, 2));
        while (nodes.Total("alice") >= Limit)
            nodes.Leave("alice", nodes[0].Count("alice") > 0 ? 0 : 2);
        Assert.Equal(1, nodes.EnterAll("alice", 0, 1, 2));
    }

    [Fact]
    public void A_message_that_is_lost_is_noticed_by_the_next()
    {
        var nodes = new Nodes(2);
        for (int number = 0; number < 20; number++)
            nodes.Enter("alice", 0);
        nodes.Cut(1);
        nodes.Enter("alice", 0);
        nodes.Heal(exchange: false);
        Assert.Equal(20, nodes[1].Others("alice"));

        nodes.SendHeads();

        Assert.Equal(21, nodes[1].Others("alice"));
    }

    [Fact]
    public void A_whole_in_parts_counts_when_its_end_has_come()
    {
        var nodes = new Nodes(2);
        for (int client = 0; client < 12_000; client++)
        {
            for (int number = 0; number < Limit / 2; number++)
                nodes[0].Enter($"c{client}");
        }

        nodes.Deliver();
        Assert.Equal(12_000, nodes[1].Replica.Known);
        nodes.Add();
        Assert.Equal(3, nodes[0].Replica.Whole().Count);

        Assert.Equal(15, nodes[2].Others("c0"));
        Assert.Equal(12_000, nodes[2].Replica.Known);
    }

    [Fact]
    public void Ten_nodes_with_clients_at_their_limit_are_exact_and_it_is_known_what_they_say()
    {
        var nodes = new Nodes(10);
        var random = new Random(443);
        int entered = 0;
        for (int number = 0; number < 20_000; number++)
            entered += nodes.Enter($"c{random.Next(100)}", random.Next(10)) ? 1 : 0;

        output.WriteLine($"{entered} entered of 20,000 that came; {nodes.Messages} messages with {nodes.Counts} counts");
        Assert.Equal(100 * Limit, entered);
    }

    [Fact]
    public void Without_a_message_each_node_lets_in_the_limit_and_no_more()
    {
        var nodes = new Nodes(3) { IsSlow = true };

        int entered = nodes.EnterAll("alice", 0, 1, 2);

        Assert.Equal(3 * Limit, entered);
        nodes.Deliver();
        Assert.Equal(0, nodes.EnterAll("alice", 0, 1, 2));
    }

    private sealed class Nodes
    {
        private readonly List<Node> _nodes = [];
        private readonly HashSet<int> _cut = [];

        public Nodes(int count)
        {
            for (int number = 0; number < count; number++)
                Add();
        }

        /// <summary>Nothing arrives until it is delivered.</summary>
        public bool IsSlow { get; init; }

        public int Messages { get; private set; }

        public int Counts { get; private set; }

        public Node this[int index] => _nodes[index];

        public void Add()
        {
            _nodes.Add(new Node(_nodes.Count));
            Resize();
            foreach (Node node in _nodes.Where(node => node.IsAlive))
                Deliver(node, node.Replica.Whole());
            Deliver();
        }

        public bool Enter(string client, int node)
        {
            bool entered = _nodes[node].Enter(client);
            if (!IsSlow)
                Deliver();
            return entered;
        }

        /// <summary>As many as may, in turn at these nodes.</summary>
        public int EnterAll(string client, params int[] nodes)
        {
            int entered = 0;
            while (nodes.Count(node => Enter(client, node)) is > 0 and var now)
                entered += now;
            return entered;
        }

        public void Leave(string client, int node)
        {
            _nodes[node].Leave(client);
            Deliver();
        }

        public int Total(string client) => _nodes.Where(node => node.IsAlive).Sum(node => node.Count(client));

        public void Kill(int node)
        {
            _nodes[node].IsAlive = false;
            foreach (Node other in _nodes)
                other.Replica.Forget(node);
            Resize();
            Deliver();
        }

        public void Cut(int node) => _cut.Add(node);

        public void Heal(bool exchange = true)
        {
            _cut.Clear();
            if (!exchange)
                return;
            foreach (Node node in _nodes)
                Deliver(node, node.Replica.Whole());
            Deliver();
        }

        public void SendHeads()
        {
            foreach (Node node in _nodes)
                Deliver(node, [node.Replica.Head()]);
        }

        /// <summary>Until nobody has anything to say.</summary>
        public void Deliver()
        {
            bool any = true;
            while (any)
            {
                any = false;
                foreach (Node node in _nodes.Where(node => node.IsAlive))
                {
                    if (node.Replica.Collect() is not { Count: > 0 } told)
                        continue;
                    Deliver(node, told);
                    any = true;
                }
            }
        }

        private void Deliver(Node from, IReadOnlyList<LimitCounts> parts)
        {
            foreach (Node to in _nodes.Where(to => to.IsAlive && to != from && _cut.Contains(to.Number) == _cut.Contains(from.Number)))
            {
                foreach (LimitCounts part in parts)
                {
                    Messages += part.Counts.Count > 0 ? 1 : 0;
                    Counts += part.Counts.Count;
                    if (!to.Replica.Learn(from.Number, part))
                    {
                        foreach (LimitCounts whole in from.Replica.Whole())
                            to.Replica.Learn(from.Number, whole);
                    }
                }
            }
        }

        private void Resize()
        {
            foreach (Node node in _nodes.Where(node => node.IsAlive))
                node.Resize(_nodes.Count(other => other.IsAlive));
        }
    }

    private sealed class Node : ISharedCounts
    {
        private readonly SharedLimits _limits = new();
        private readonly Dictionary<string, Client> _clients = [];

        public Node(int number)
        {
            Number = number;
            Replica = new LimitReplica<int>(_limits, [this], 0);
        }

        public int Number { get; }

        public bool IsAlive { get; set; } = true;

        public LimitReplica<int> Replica { get; }

        public string Kind => "client";

        public IEnumerable<SharedCount> All => _clients.Values;

        public int LimitOf(SharedCount count) => Limit;

        public SharedCount? Find(string key, bool make)
        {
            if (!_clients.TryGetValue(key, out Client? client) && make)
                _clients[key] = client = new Client(key);
            return client;
        }

        public void Resize(int nodes) => _limits.Nodes = nodes;

        public bool Enter(string client)
        {
            SharedCount count = Find("client:" + client, make: true)!;
            if (count.TryEnter(Limit) != EnterResult.Entered)
                return false;
            _limits.Changed(count, Limit);
            return true;
        }

        public void Leave(string client)
        {
            SharedCount count = Find("client:" + client, make: true)!;
            count.Leave();
            _limits.Changed(count, Limit);
        }

        public int Count(string client) => Find("client:" + client, make: false)?.Here ?? 0;

        public int Others(string client) => Find("client:" + client, make: false)?.Others ?? 0;

        private sealed class Client(string key) : SharedCount
        {
            public override string Key => key;
        }
    }
}
