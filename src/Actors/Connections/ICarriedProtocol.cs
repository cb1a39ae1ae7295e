namespace Actors443.Connections;

/// <summary>What a connection carries instead of HTTP: another protocol served here, or the way to an upstream. Thread-safe.</summary>
internal interface ICarriedProtocol
{
    /// <summary>Name of the route that leads it elsewhere; null: it is served here.</summary>
    string? Route { get; }

    /// <summary>What it is led to, as people read it; null: nothing, or not connected yet.</summary>
    string? Upstream { get; }

    /// <summary>Without a byte either way it is ended after so long; null: never.</summary>
    TimeSpan? Idle { get; }

    /// <summary>It is ended after so long; null: never.</summary>
    TimeSpan? Age { get; }

    /// <summary>Says something to the client unasked, if the protocol is such that anything can be.</summary>
    void Push(Push push)
    {
    }

    /// <summary>It is to come to its end, when that is convenient.</summary>
    void Drain();

    /// <summary>Ends it in order. Asked again, nobody is waited for.</summary>
    void Stop();

    /// <summary>The connection is gone. Idempotent.</summary>
    void Break();
}
