using System.Net;

namespace Actors443.Certificates.Canary;

/// <summary>How the handshakes of a trial end: those that see what is new beside the others. Thread-safe; a handshake costs one counter.</summary>
/// <param name="onFailure">Called after each failed handshake that saw what is new, on any thread; must only post.</param>
internal sealed class CanaryTally(Action onFailure)
{
    private const int KindsKept = 100;
    private const int ClientsKept = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Kind, string? ServerName), long> _kinds = [];
    private readonly HashSet<string> _clients = [];
    private long _newCompleted;
    private long _newFailed;
    private long _oldCompleted;
    private long _oldFailed;

    public CanaryCounts Counts => new(Volatile.Read(ref _newCompleted), Volatile.Read(ref _newFailed), Volatile.Read(ref _oldCompleted), Volatile.Read(ref _oldFailed));

    public void Completed(bool isNew) => Interlocked.Increment(ref isNew ? ref _newCompleted : ref _oldCompleted);

    /// <param name="isNew">It saw what is new.</param>
    /// <param name="kind">What the client said, or that it went.</param>
    /// <param name="serverName">It asked for; null: none.</param>
    /// <param name="client">Its address.</param>
    public void Failed(bool isNew, string kind, string? serverName, IPAddress client)
    {
        if (!isNew)
        {
            Interlocked.Increment(ref _oldFailed);
            return;
        }

        Interlocked.Increment(ref _newFailed);
        lock (_lock)
        {
            if (_kinds.ContainsKey((kind, serverName)) || _kinds.Count < KindsKept)
                _kinds[(kind, serverName)] = _kinds.GetValueOrDefault((kind, serverName)) + 1;
            if (_clients.Count < ClientsKept)
                _clients.Add(client.ToString());
        }

        onFailure();
    }

    /// <summary>Who broke, most first.</summary>
    public (IReadOnlyList<CanaryFailure> Failures, IReadOnlyList<string> Clients) WhoBroke()
    {
        lock (_lock)
            return ([.. _kinds.OrderByDescending(kind => kind.Value).Select(kind => new CanaryFailure(kind.Key.Kind, kind.Key.ServerName, kind.Value))], [.. _clients]);
    }
}

/// <summary>Handshakes with what is new and with what was before.</summary>
internal readonly record struct CanaryCounts(long NewCompleted, long NewFailed, long OldCompleted, long OldFailed)
{
    public long New => NewCompleted + NewFailed;

    public long Old => OldCompleted + OldFailed;

    public double NewFailureRate => New == 0 ? 0 : (double)NewFailed / New;

    public double OldFailureRate => Old == 0 ? 0 : (double)OldFailed / Old;
}
