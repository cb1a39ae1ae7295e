using Actors443.Telemetry;

namespace Actors443.Engine.EventLoop;

/// <summary>What connections need to know of where they come from: a listener (<see cref="LoopEntry"/>), or whoever makes connections of its own. Immutable, shared by all loops.</summary>
/// <param name="engine">Theirs.</param>
/// <param name="name">Of the listener, or in the place of it.</param>
/// <param name="owners">Gives each its actor; null: none owns them.</param>
/// <param name="metrics">Counts them.</param>
/// <param name="clock">Of their deadlines.</param>
/// <param name="log">For what fails.</param>
/// <param name="applicationsOnLoop">What waits for their bytes goes on upon the loop.</param>
internal class LoopOrigin(EventLoopEngine engine, string name, IConnectionOwners? owners, ConnectionMetrics metrics, MonotonicClock clock, ILogger log, bool applicationsOnLoop)
{
    public EventLoopEngine Engine => engine;

    public string Name => name;

    public IConnectionOwners? Owners => owners;

    public ConnectionMetrics Metrics => metrics;

    public MonotonicClock Clock => clock;

    public ILogger Log => log;

    public bool ApplicationsOnLoop => applicationsOnLoop;
}
