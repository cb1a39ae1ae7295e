namespace Actors443.Engine;

/// <summary>Sits in at most one slot of one <see cref="TimerWheel{T}"/>, linked through itself. The wheel's thread alone touches the links.</summary>
internal interface IWheelEntry<T>
    where T : class
{
    T? WheelNext { get; set; }

    T? WheelPrevious { get; set; }

    /// <summary>-1: in no slot. Begins as -1.</summary>
    int WheelSlot { get; set; }
}

/// <summary>
/// Deadlines of many connections on one timer. Nothing is re-armed when a request comes or goes: an entry that turns out not to be due is simply
/// put in again. Used by one thread.
/// </summary>
/// <param name="tickMs">Milliseconds a slot; how late a deadline may be noticed.</param>
/// <param name="slots">A later deadline than <paramref name="tickMs"/> × <paramref name="slots"/> is looked at earlier and put in again.</param>
internal sealed class TimerWheel<T>(long tickMs, int slots, long nowMs)
    where T : class, IWheelEntry<T>
{
    private readonly T?[] _slots = new T?[slots];
    private long _tick = nowMs / tickMs;

    public void Add(T entry, long dueMs)
    {
        long tick = Math.Clamp((dueMs + tickMs - 1) / tickMs, _tick + 1, _tick + slots - 1);
        int slot = (int)(tick % slots);
        T? head = _slots[slot];
        entry.WheelSlot = slot;
        entry.WheelPrevious = null;
        entry.WheelNext = head;
        if (head is not null)
            head.WheelPrevious = entry;
        _slots[slot] = entry;
    }

    public void Remove(T entry)
    {
        if (entry.WheelSlot < 0)
            return;
        if (entry.WheelPrevious is null)
            _slots[entry.WheelSlot] = entry.WheelNext;
        else
            entry.WheelPrevious.WheelNext = entry.WheelNext;
        if (entry.WheelNext is not null)
            entry.WheelNext.WheelPrevious = entry.WheelPrevious;
        entry.WheelNext = null;
        entry.WheelPrevious = null;
        entry.WheelSlot = -1;
    }

    /// <summary>Takes out, one by one, what has come due up to now. <paramref name="due"/> may add and remove any entry.</summary>
    public void Advance<TState>(long nowMs, TState state, Action<T, TState> due)
    {
        long target = nowMs / tickMs;
        // After a long pause of the process every slot is due once.
        for (long tick = Math.Max(_tick + 1, target - slots + 1); tick <= target; tick++)
        {
            _tick = tick;
            // What is added meanwhile never lands in the slot of this tick.
            while (_slots[tick % slots] is { } entry)
            {
                Remove(entry);
                due(entry, state);
            }
        }

        _tick = Math.Max(_tick, target);
    }
}
