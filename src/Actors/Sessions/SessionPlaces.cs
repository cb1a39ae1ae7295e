namespace Actors443.Sessions;

/// <summary>How many sessions of a route there are on this node, up to a maximum. Thread-safe.</summary>
internal sealed class SessionPlaces
{
    private int _taken;

    public bool TryTake(int maximum)
    {
        if (Interlocked.Increment(ref _taken) <= maximum)
            return true;
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _taken);
}
