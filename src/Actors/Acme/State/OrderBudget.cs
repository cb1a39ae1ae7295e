namespace Actors443.Acme.State;

/// <summary>How many orders an account has left: so many within any window of time, kept on disk so that restarts do not renew it. Used by one thread at a time.</summary>
internal sealed class OrderBudget(string path, int orders, TimeSpan window)
{
    private readonly Queue<DateTimeOffset> _spent = new((AcmeJsonFile.Read<DateTimeOffset[]>(path, out _) ?? []).Order());

    /// <summary>Takes one order; null. Else when there is one.</summary>
    public DateTimeOffset? TrySpend(DateTimeOffset now)
    {
        // What is said to be in the future was written by a clock that was wrong.
        while (_spent.TryPeek(out DateTimeOffset oldest) && (oldest <= now - window || oldest > now + window))
            _spent.Dequeue();
        if (_spent.Count >= orders)
            return _spent.Peek() + window;
        _spent.Enqueue(now);
        AcmeJsonFile.Write(path, _spent.ToArray());
        return null;
    }
}
