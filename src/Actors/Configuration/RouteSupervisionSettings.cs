namespace Actors443.Configuration;

/// <summary>What happens at a route to an actor when that fails: <c>actors443.requests.supervision</c>, and for one route <c>actors443.requests.routes</c>. Immutable.</summary>
public sealed record RouteSupervisionSettings
{
    /// <summary>What a failure costs besides the request that met it.</summary>
    public RouteFailure OnFailure { get; init; } = RouteFailure.Resume;

    /// <summary>So many failures within <see cref="Within"/> put the route in quarantine.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>How long a failure counts.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a route is in quarantine before a first request is let through as a canary. Doubled by each canary that fails.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest that <see cref="BackOff"/> grows to.</summary>
    public TimeSpan LongestBackOff { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>So many canaries, one at a time, must be answered before the route is open to all again.</summary>
    public int Canaries { get; init; } = 1;

    /// <summary>How long the actor may take to the end of its answer, waits for the client included; null: no limit.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>How many bytes a request may hold: its body taken whole and its answer, or a chunk of that; null: no limit but those of the body and the reply window.</summary>
    public long? Memory { get; init; }

    /// <summary>How many requests the actor may have at once; more are refused by 503. Null: no limit.</summary>
    public int? AtOnce { get; init; }

    /// <summary>How many bytes of bodies taken whole the requests of the route may hold together; more are refused by 503. Null: no limit.</summary>
    public long? RouteMemory { get; init; }
}

/// <summary>What a failure at a route costs, besides the request that met it.</summary>
public enum RouteFailure
{
    /// <summary>Nothing: the client gets its 500, a WebSocket and a mapped protocol go on.</summary>
    Resume,

    /// <summary>The stream: after the 500 HTTP/1.1 closes the connection, which is its stream; a WebSocket is closed (1011), a mapped protocol ends.</summary>
    StopStream,

    /// <summary>The connection, whatever else is on it: with HTTP/2 by GOAWAY, so that other streams are still answered.</summary>
    CloseConnection,

    /// <summary>Too many within a time put the route in quarantine: 503 with Retry-After for everybody, until canaries are answered.</summary>
    Quarantine,
}
