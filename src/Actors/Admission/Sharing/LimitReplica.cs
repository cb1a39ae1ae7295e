namespace Actors443.Admission.Sharing;

/// <summary>
/// What this node tells of its counts, and what it knows of those of others: a register for each incarnation of a node, which that alone writes, so that nothing can conflict, and a
/// node that is gone takes its share with it. Without actors or sockets; used by one thread at a time.
/// </summary>
/// <typeparam name="TNode">Tells incarnations of nodes apart.</typeparam>
/// <param name="limits">Where counts say that they have changed.</param>
/// <param name="kinds">The counts.</param>
/// <param name="first">Number of the first change: higher than those of an instance before, to which others may have listened.</param>
internal sealed class LimitReplica<TNode>(SharedLimits limits, IReadOnlyList<ISharedCounts> kinds, long first)
    where TNode : notnull
{
    // So many keys fit well into a frame of Akka.Remote.
    private const int MostInMessage = 5000;

    private readonly Dictionary<string, int> _told = new(StringComparer.Ordinal);
    private readonly Dictionary<TNode, Peer> _peers = [];
    private readonly Dictionary<string, int> _others = new(StringComparer.Ordinal);
    private long _sequence = first;

    /// <summary>Keys that the others are told of.</summary>
    public int Told => _told.Count;

    /// <summary>Keys that others have told of.</summary>
    public int Known => _others.Count;

    /// <summary>What has changed and others need to know, in the order in which they must be told.</summary>
    public IReadOnlyList<LimitCounts> Collect()
    {
        var changes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (SharedCount count in limits.Take())
            Look(count, changes);
        return Tell(changes);
    }

    /// <summary>Looks at all: the number of nodes is another, or the settings are. Answers as <see cref="Collect"/>.</summary>
    public IReadOnlyList<LimitCounts> CollectAll()
    {
        var changes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string key in _others.Keys)
            Announce(key);
        foreach (ISharedCounts kind in kinds)
        {
            kind.Sweep();
            foreach (SharedCount count in kind.All)
                Look(count, changes);
        }

        // Those that are not counted any more.
        foreach (string key in _told.Keys.Where(key => Find(key, make: false) is null))
            changes[key] = 0;
        return Tell(changes);
    }

    /// <summary>All that was told so far, for a node that has not heard all of it.</summary>
    public IReadOnlyList<LimitCounts> Whole()
    {
        Dictionary<string, int>[] parts = [.. _told.Chunk(MostInMessage).Select(part => part.ToDictionary(StringComparer.Ordinal))];
        return parts.Length == 0
            ? [new LimitCounts { IsWhole = true, Previous = _sequence, Sequence = _sequence }]
            : [.. parts.Select((part, index) => new LimitCounts { IsWhole = true, IsPart = index < parts.Length - 1, Previous = _sequence, Sequence = _sequence, Counts = part })];
    }

    /// <summary>How far the others should have heard.</summary>
    public LimitCounts Head() => new() { Previous = _sequence, Sequence = _sequence };

    /// <summary>What another node has told. False: something before it is missing, and all of it is to be asked for.</summary>
    public bool Learn(TNode node, LimitCounts told)
    {
        if (!_peers.TryGetValue(node, out Peer? peer))
            _peers[node] = peer = new Peer();
        if (told.IsWhole)
        {
            foreach ((string key, int count) in told.Counts)
                peer.Coming[key] = count;
            if (told.IsPart)
                return true;
            Dictionary<string, int> before = peer.Counts;
            (peer.Counts, peer.Coming, peer.Sequence) = (peer.Coming, new Dictionary<string, int>(StringComparer.Ordinal), told.Sequence);
            foreach (string key in before.Keys.Concat(peer.Counts.Keys))
                Recount(key);
            return true;
        }

        if (told.Sequence <= peer.Sequence)
            return true;
        if (told.Previous != peer.Sequence)
            return false;
        peer.Sequence = told.Sequence;
        foreach ((string key, int count) in told.Counts)
        {
            if (count > 0)
                peer.Counts[key] = count;
            else
                peer.Counts.Remove(key);
            Recount(key);
        }

        return true;
    }

    /// <summary>That incarnation is no more, and what it had is free.</summary>
    public void Forget(TNode node)
    {
        if (!_peers.Remove(node, out Peer? peer))
            return;
        foreach (string key in peer.Counts.Keys)
            Recount(key);
    }

    private void Recount(string key)
    {
        int others = _peers.Values.Sum(peer => peer.Counts.GetValueOrDefault(key));
        if (others == 0)
            _others.Remove(key);
        else
            _others[key] = others;
        Announce(key);
    }

    // To whoever comes here; and what is here, to the others, if they have not heard of it.
    private void Announce(string key)
    {
        int others = _others.GetValueOrDefault(key);
        if (Find(key, make: others > 0) is not { } count)
            return;
        count.Others = others;
        count.IsWatched = IsOfInterest(key, count);
        if (count.IsWatched ? count.Here != _told.GetValueOrDefault(key) : _told.ContainsKey(key))
            limits.Queue(count);
    }

    private void Look(SharedCount count, Dictionary<string, int> changes)
    {
        string key = count.Key;
        int told = _told.GetValueOrDefault(key);
        count.IsWatched = IsOfInterest(key, count);
        // Read after it is watched: what changes later comes to be looked at.
        int here = count.IsWatched ? count.Here : 0;
        if (here != told)
            changes[key] = here;
    }

    private bool IsOfInterest(string key, SharedCount count)
    {
        int limit = KindOf(key)?.LimitOf(count) ?? 0;
        if (limit == 0)
            return false;
        int part = SharedLimits.PartOf(limit, limits.Nodes);
        return count.Here >= part || (_others.ContainsKey(key) && _peers.Values.Any(peer => peer.Counts.GetValueOrDefault(key) >= part));
    }

    private List<LimitCounts> Tell(Dictionary<string, int> changes)
    {
        foreach ((string key, int count) in changes)
        {
            if (count > 0)
                _told[key] = count;
            else
                _told.Remove(key);
        }

        return [.. changes.Chunk(MostInMessage).Select(part => new LimitCounts { Previous = _sequence, Sequence = ++_sequence, Counts = part.ToDictionary(StringComparer.Ordinal) })];
    }

    private SharedCount? Find(string key, bool make) => KindOf(key)?.Find(key, make);

    private ISharedCounts? KindOf(string key)
    {
        foreach (ISharedCounts kind in kinds)
        {
            if (key.Length > kind.Kind.Length && key[kind.Kind.Length] == ':' && key.StartsWith(kind.Kind, StringComparison.Ordinal))
                return kind;
        }

        return null;
    }

    private sealed class Peer
    {
        public long Sequence { get; set; }

        public Dictionary<string, int> Counts { get; set; } = new(StringComparer.Ordinal);

        /// <summary>Parts of a whole that has not come to its end.</summary>
        public Dictionary<string, int> Coming { get; set; } = new(StringComparer.Ordinal);
    }
}
