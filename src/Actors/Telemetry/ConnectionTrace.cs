using System.Diagnostics;

namespace Actors443.Telemetry;

/// <summary>The trace that a connection has begun. The request that it was opened for goes on in it; those after it have traces of their own, which refer to it. Thread-safe.</summary>
internal sealed class ConnectionTrace(Activity handshake)
{
    private int _taken;

    /// <summary>From the accept to the end of the handshake.</summary>
    public Activity Handshake => handshake;

    /// <summary>True once: for the first request.</summary>
    public bool TryTake() => Volatile.Read(ref _taken) == 0 && Interlocked.Exchange(ref _taken, 1) == 0;
}
