using System.Collections.Concurrent;
using Actors443.Connections.Draining;

namespace Actors443.Supervision;

/// <summary>The phase the server is in. Thread-safe; phases only go forward.</summary>
public sealed class ServerLifecycle
{
    private readonly TaskCompletionSource[] _reached =
        [.. Enum.GetValues<ServerPhase>().Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];

    private readonly ConcurrentDictionary<string, bool> _listenersUp = new();
    private int _phase;
    private int _membership;
    private DrainProgress? _drain;

    /// <summary>Starts in <see cref="ServerPhase.Starting"/>.</summary>
    public ServerLifecycle() => _reached[0].SetResult();

    /// <summary>The phase now.</summary>
    public ServerPhase Phase => (ServerPhase)Volatile.Read(ref _phase);

    /// <summary>Where it stands with the cluster.</summary>
    public ClusterMembership Membership
    {
        get => (ClusterMembership)Volatile.Read(ref _membership);
        internal set => Volatile.Write(ref _membership, (int)value);
    }

    /// <summary>How far its stop has come, if it lets connections go step by step; else null.</summary>
    internal DrainProgress? Drain
    {
        get => Volatile.Read(ref _drain);
        set => Volatile.Write(ref _drain, value);
    }

    /// <summary>When the server started, by the machine's clock.</summary>
    public DateTimeOffset StartedAt { get; } = TimeProvider.System.GetUtcNow();

    /// <summary>What is listened on once <see cref="ServerPhase.Running"/> is reached, such as <c>https://127.0.0.1:8443</c>.</summary>
    public IReadOnlyList<string> Addresses { get; internal set; } = [];

    /// <summary>Another process has this one's listening sockets: no balancer has to be shown that this one goes.</summary>
    internal bool IsReplaced { get; set; }

    /// <summary>Completes when <paramref name="phase"/> or a later one is reached.</summary>
    public Task WaitForAsync(ServerPhase phase, CancellationToken cancellationToken = default) => _reached[(int)phase].Task.WaitAsync(cancellationToken);

    /// <summary>Names of listeners that should listen and, for the moment, do not.</summary>
    public IReadOnlyList<string> ListenersDown => [.. _listenersUp.Where(listener => !listener.Value).Select(listener => listener.Key).Order(StringComparer.Ordinal)];

    internal void ListenerChanged(string name, bool up) => _listenersUp[name] = up;

    internal void Enter(ServerPhase phase)
    {
        for (int current = _phase; current < (int)phase; current = _phase)
        {
            if (Interlocked.CompareExchange(ref _phase, current + 1, current) == current)
                _reached[current + 1].TrySetResult();
        }
    }
}
