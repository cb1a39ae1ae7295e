namespace Actors443.Server.Load.Sessions;

/// <summary>To a client: begin.</summary>
internal sealed class Begin
{
    public static Begin Instance { get; } = new();
}

/// <summary>To a client: the run is over. It closes its connection in order and ends.</summary>
internal sealed class Finish
{
    public static Finish Instance { get; } = new();
}

/// <summary>To a client, by its connection: it is open, TLS and all.</summary>
internal sealed class ConnectionOpened
{
    public static ConnectionOpened Instance { get; } = new();
}

/// <summary>To a client, by its connection: it has ended by itself.</summary>
internal sealed class ConnectionEnded
{
    private ConnectionEnded()
    {
    }

    /// <summary>The server closed, owing nothing.</summary>
    public static ConnectionEnded InOrder { get; } = new();

    public static ConnectionEnded Failed { get; } = new();
}

/// <summary>To a client, by its connection: the time it asked for has come.</summary>
internal sealed class Woken
{
    public static Woken Instance { get; } = new();
}

/// <summary>To a client: what it had to do on this connection is done.</summary>
internal sealed class Answered
{
    public static Answered Instance { get; } = new();
}

/// <summary>To a client: a connection is due.</summary>
/// <param name="Due">From when it counts, in Stopwatch ticks.</param>
internal sealed record Arrival(long Due);

/// <summary>To a client: drop the connection and come back at once.</summary>
internal sealed class Drop
{
    public static Drop Instance { get; } = new();
}
