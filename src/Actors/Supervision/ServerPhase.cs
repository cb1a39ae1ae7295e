namespace Actors443.Supervision;

/// <summary>The life of the server. Published, so that readiness, tests and tools can wait for a phase instead of a time.</summary>
public enum ServerPhase
{
    /// <summary>Certificates are loaded, listeners are bound.</summary>
    Starting = 0,

    /// <summary>Serving.</summary>
    Running = 1,

    /// <summary>Not ready any more, finishing what is in flight.</summary>
    Draining = 2,

    /// <summary>Over.</summary>
    Stopped = 3,
}
