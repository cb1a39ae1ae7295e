using System.Collections.Concurrent;

namespace Actors443.Admission.Sharing;

/// <summary>
/// Where those that count meet the actor that tells other nodes of it. A count is of no interest to others while every node has less than its part of the limit, for then all
/// together have less than the limit: so very many clients with a few connections each cost nothing. Thread-safe, lock-free.
/// </summary>
internal sealed class SharedLimits
{
    private readonly ConcurrentQueue<SharedCount> _changed = new();
    private int _nodes = 1;
    private int _awake;
    private Action? _wake;

    /// <summary>Nodes that share limits, this one included.</summary>
    public int Nodes
    {
        get => Volatile.Read(ref _nodes);
        set => Volatile.Write(ref _nodes, value);
    }

    /// <summary>From so many on a node tells the others; 0: never, for there is no limit.</summary>
    public static int PartOf(int limit, int nodes) => (limit + nodes - 1) / nodes;

    /// <summary>After each that entered or left.</summary>
    public void Changed(SharedCount count, int limit)
    {
        int nodes = Nodes;
        if (nodes < 2 || limit == 0 || (!count.IsWatched && count.Here < PartOf(limit, nodes)))
            return;
        Queue(count);
    }

    /// <summary>To be looked at.</summary>
    public void Queue(SharedCount count)
    {
        if (!count.TryQueue())
            return;
        _changed.Enqueue(count);
        if (Interlocked.Exchange(ref _awake, 1) == 0)
            Volatile.Read(ref _wake)?.Invoke();
    }

    /// <summary>By the actor: whom to tell that something has changed, once until it has taken all.</summary>
    public void Attach(Action? wake)
    {
        Volatile.Write(ref _wake, wake);
        Interlocked.Exchange(ref _awake, 0);
        if (wake is not null && !_changed.IsEmpty)
            wake();
    }

    /// <summary>What has changed since the last time.</summary>
    public IReadOnlyList<SharedCount> Take()
    {
        Interlocked.Exchange(ref _awake, 0);
        var taken = new List<SharedCount>();
        while (_changed.TryDequeue(out SharedCount? count))
        {
            count.Unqueue();
            taken.Add(count);
        }

        return taken;
    }
}
