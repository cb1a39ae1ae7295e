namespace Actors443.Cluster.Discovery;

/// <summary>
/// Decides what a node does that is in no cluster and looks for others. Whoever is found in a cluster is joined. One is founded by the node with the lowest name alone, when all that are found have
/// said that they are in none, are as many as there must be, and have been the same for a while. Not thread-safe.
/// </summary>
/// <param name="self">This node's name.</param>
/// <param name="required">How many nodes found a cluster, this one among them.</param>
/// <param name="stableFor">How long the same ones must have been found.</param>
/// <param name="time">The clock.</param>
internal sealed class FoundNodes(string self, int required, TimeSpan stableFor, TimeProvider time)
{
    /// <summary>What a node says of itself counts for so long.</summary>
    public static readonly TimeSpan AnswersCountFor = TimeSpan.FromSeconds(5);

    private readonly SortedSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (bool IsMember, long At)> _answers = new(StringComparer.Ordinal);
    private long _sameSince = time.GetTimestamp();

    /// <summary>All that are found.</summary>
    public IReadOnlyCollection<string> All => _names;

    /// <summary>Whom to ask.</summary>
    public IEnumerable<string> Others => _names.Where(name => name != self);

    /// <summary>These are found now.</summary>
    public void Found(IReadOnlyCollection<string> names)
    {
        if (_names.SetEquals(names))
            return;
        _names.Clear();
        _names.UnionWith(names);
        _sameSince = time.GetTimestamp();
    }

    /// <summary>One that was asked has answered.</summary>
    public void Answered(string name, bool isMember) => _answers[name] = (isMember, time.GetTimestamp());

    public DiscoveryStep Next()
    {
        foreach (string name in _answers.Where(answer => time.GetElapsedTime(answer.Value.At) > AnswersCountFor).Select(answer => answer.Key).ToArray())
            _answers.Remove(name);
        if (Others.FirstOrDefault(name => _answers.TryGetValue(name, out (bool IsMember, long) answer) && answer.IsMember) is { } member)
            return new DiscoveryStep(member, false, "");
        if (!_names.Contains(self))
            return Wait($"{self}, which is this node, to be among those that are found: {Text(_names)}");
        if (_names.Count < required)
            return Wait($"{required} nodes that found it together; these are found: {Text(_names)}");
        string[] silent = [.. Others.Where(name => !_answers.ContainsKey(name))];
        if (silent.Length > 0)
            return Wait($"the answer of {Text(silent)}");
        if (time.GetElapsedTime(_sameSince) < stableFor)
            return Wait("others to be found");
        return _names.Min == self ? new DiscoveryStep(null, true, "") : Wait($"{_names.Min} to found it");
    }

    private static DiscoveryStep Wait(string forWhat) => new(null, false, forWhat);

    private static string Text(IReadOnlyCollection<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);
}

/// <param name="Join">The cluster of this node is to be joined; null: there is none yet.</param>
/// <param name="Founds">This node founds one.</param>
/// <param name="WaitsFor">Neither: for what it waits, in words.</param>
internal sealed record DiscoveryStep(string? Join, bool Founds, string WaitsFor);
