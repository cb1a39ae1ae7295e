using Actors443.Configuration;

namespace Actors443.Routing;

/// <summary>A route in force: its settings, its upstreams and what it has carried. Thread-safe.</summary>
internal sealed class Route(ConnectionRouteSettings settings, UpstreamGroup upstreams, RouteUsage usage)
{
    public string Name => settings.Name;

    public ConnectionRouteSettings Settings => settings;

    public UpstreamGroup Upstreams => upstreams;

    public RouteUsage Usage => usage;

    /// <summary>The client speaks TLS with the upstream, and can be told by an alert that there is none.</summary>
    public bool PassesTls => settings.ServerNames.Count > 0;
}

/// <summary>What a route of a name carries and has carried, reloads or not. Thread-safe.</summary>
internal sealed class RouteUsage
{
    private int _open;
    private long _bytesUp;
    private long _bytesDown;

    public int Open => Volatile.Read(ref _open);

    /// <summary>To upstreams.</summary>
    public long BytesUp => Volatile.Read(ref _bytesUp);

    /// <summary>From upstreams.</summary>
    public long BytesDown => Volatile.Read(ref _bytesDown);

    public void Began() => Interlocked.Increment(ref _open);

    public void Ended() => Interlocked.Decrement(ref _open);

    public void CountUp(long bytes) => Interlocked.Add(ref _bytesUp, bytes);

    public void CountDown(long bytes) => Interlocked.Add(ref _bytesDown, bytes);
}
