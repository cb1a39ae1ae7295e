using Actors443.Configuration;

namespace Actors443.Requests;

/// <summary>What stays in a route for long: a WebSocket, a conversation. If it is a canary, the first that its actor says to it is what it was let through for. Thread-safe.</summary>
internal sealed class RouteVisit(RouteGuard guard, RouteEntry entry)
{
    private int _isCanary = entry.IsCanary ? 1 : 0;
    private Exception? _lastCause;

    public string Route => guard.Route;

    /// <summary>The actor has said something to it.</summary>
    public void Heard()
    {
        if (Volatile.Read(ref _isCanary) != 0 && Interlocked.Exchange(ref _isCanary, 0) != 0)
            guard.Leave(new RouteEntry(IsCanary: true, IsCounted: false, 0), "answered");
    }

    /// <summary>The actor has failed at it. Answers what that costs; null: that failure has been told before.</summary>
    /// <param name="reason">As in metrics.</param>
    /// <param name="cause">Null: nothing was thrown.</param>
    public RouteFailure? Failed(string reason, Exception? cause)
    {
        if (cause is not null && ReferenceEquals(Interlocked.Exchange(ref _lastCause, cause), cause))
            return null;
        guard.Leave(new RouteEntry(Interlocked.Exchange(ref _isCanary, 0) != 0, IsCounted: false, 0), reason);
        return guard.Settings.OnFailure;
    }

    public void Leave() => guard.Leave(entry with { IsCanary = Interlocked.Exchange(ref _isCanary, 0) != 0 }, "client_gone");
}
