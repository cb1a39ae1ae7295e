namespace Actors443.Configuration;

/// <summary><c>actors443.deadlines</c>: how long each phase of a connection may last.</summary>
public sealed record DeadlineSettings
{
    /// <summary>From accept to the end of the TLS handshake, whatever is dripped in between.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the first byte of a request to the end of its headers; before that byte the connection is idle.</summary>
    public TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Without a request in flight.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>After it a connection is drained and closed between requests; null: off.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>A WebSocket or tunnel without a byte either way; null: off.</summary>
    public TimeSpan? UpgradedIdle { get; init; }
}

/// <summary><c>actors443.drain</c>: how the server stops.</summary>
public sealed record DrainSettings
{
    /// <summary>Connections still open after this are aborted.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Not-ready is shown this long before accepting stops, for load balancers to notice.</summary>
    public TimeSpan ReadinessDelay { get; init; } = TimeSpan.Zero;
}
