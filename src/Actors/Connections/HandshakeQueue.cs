using System.Collections.Concurrent;
using Actors443.Admission;
using Actors443.Engine;

namespace Actors443.Connections;

/// <summary>
/// The connections whose handshake has not ended, oldest first, over all supervisors: the oldest handshake is the one most likely never to end,
/// for an honest client's ends in milliseconds. Thread-safe, lock-free.
/// </summary>
internal sealed class HandshakeQueue(AdmissionGate gate)
{
    private readonly ConcurrentQueue<EngineConnection> _waiting = new();
    private readonly ConcurrentQueue<EngineConnection> _taken = new();

    public void Add(EngineConnection connection) => _waiting.Enqueue(connection);

    /// <summary>The oldest unfinished one if there are too many, to be closed; else null. Forgets those that have ended meanwhile.</summary>
    public EngineConnection? TakeExcess()
    {
        while (_waiting.TryPeek(out EngineConnection? oldest))
        {
            if (!IsOver(oldest) && !AreTooMany())
                return null;
            if (!_waiting.TryDequeue(out EngineConnection? next))
                return null;
            if (IsOver(next))
                continue;
            if (AreTooMany())
            {
                _taken.Enqueue(next);
                return next;
            }

            // Another supervisor was faster, and this is not the one that was looked at.
            _waiting.Enqueue(next);
        }

        return null;
    }

    // Those taken are still counted by the gate until they are closed: without them a moment's delay would cost honest clients theirs.
    private bool AreTooMany()
    {
        while (_taken.TryPeek(out EngineConnection? closed) && closed.Stage == ConnectionState.Closed)
            _taken.TryDequeue(out _);
        int leaving = _taken.Count;
        return gate.Handshakes - leaving > gate.Settings.MaximumHandshakes;
    }

    private static bool IsOver(EngineConnection connection) => connection.Stage >= ConnectionState.Open;
}
