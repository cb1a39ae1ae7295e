using Actors443.Engine;

namespace Actors443.Connections;

/// <summary>
/// Deadlines of many connections on one timer. A connection sits in at most one slot, linked through itself; nothing is re-armed when a request
/// comes or goes: a connection that turns out not to be due is simply put in again. Used by one thread.
/// </summary>
/// <param name="tickMs">Milliseconds a slot; how late a deadline may be noticed.</param>
/// <param name="slots">A later deadline than <paramref name="tickMs"/> × <paramref name="slots"/> is looked at earlier and put in again.</param>
internal sealed class TimerWheel(long tickMs, int slots, long nowMs)
{
    private readonly EngineConnection?[] _slots = new EngineConnection?[slots];
    private long _tick = nowMs / tickMs;

    public void Add(EngineConnection connection, long dueMs)
    {
        long tick = Math.Clamp((dueMs + tickMs - 1) / tickMs, _tick + 1, _tick + slots - 1);
        int slot = (int)(tick % slots);
        EngineConnection? head = _slots[slot];
        connection.WheelSlot = slot;
        connection.WheelPrevious = null;
        connection.WheelNext = head;
        if (head is not null)
            head.WheelPrevious = connection;
        _slots[slot] = connection;
    }

    public void Remove(EngineConnection connection)
    {
        if (connection.WheelSlot < 0)
            return;
        if (connection.WheelPrevious is null)
            _slots[connection.WheelSlot] = connection.WheelNext;
        else
            connection.WheelPrevious.WheelNext = connection.WheelNext;
        if (connection.WheelNext is not null)
            connection.WheelNext.WheelPrevious = connection.WheelPrevious;
        connection.WheelNext = null;
        connection.WheelPrevious = null;
        connection.WheelSlot = -1;
    }

    /// <summary>Takes out, one by one, what has come due up to now.</summary>
    public void Advance<TState>(long nowMs, TState state, Action<EngineConnection, TState> due)
    {
        long target = nowMs / tickMs;
        // After a long pause of the process every slot is due once.
        for (long tick = Math.Max(_tick + 1, target - slots + 1); tick <= target; tick++)
        {
            _tick = tick;
            int slot = (int)(tick % slots);
            EngineConnection? connection = _slots[slot];
            _slots[slot] = null;
            while (connection is not null)
            {
                EngineConnection? next = connection.WheelNext;
                connection.WheelNext = null;
                connection.WheelPrevious = null;
                connection.WheelSlot = -1;
                due(connection, state);
                connection = next;
            }
        }

        _tick = Math.Max(_tick, target);
    }
}
