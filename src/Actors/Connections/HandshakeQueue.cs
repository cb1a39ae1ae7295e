using System.Collections.Concurrent;
using Actors443.Engine;

namespace Actors443.Connections;

/// <summary>
/// The connections whose handshake has not ended, oldest first, over all supervisors: the oldest handshake is the one most likely never to end,
/// for an honest client's ends in milliseconds. Thread-safe, lock-free.
/// </summary>
internal sealed class HandshakeQueue
{
    private readonly ConcurrentQueue<EngineConnection> _connections = new();

    public void Add(EngineConnection connection) => _connections.Enqueue(connection);

    /// <summary>The oldest unfinished one if there are too many, else null. Forgets those that have ended meanwhile.</summary>
    public EngineConnection? TakeIf(Func<bool> tooMany)
    {
        while (_connections.TryPeek(out EngineConnection? oldest))
        {
            if (!IsOver(oldest) && !tooMany())
                return null;
            if (!_connections.TryDequeue(out EngineConnection? taken))
                return null;
            if (IsOver(taken))
                continue;
            if (tooMany())
                return taken;
            // Another supervisor was faster, and this is not the one that was looked at.
            _connections.Enqueue(taken);
        }

        return null;
    }

    private static bool IsOver(EngineConnection connection) => connection.Stage >= ConnectionState.Open;
}
