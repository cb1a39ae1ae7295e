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

    /// <summary>Of the connections of one tenant (an account, or a server name), no more are let go in a second; 16 may always be.</summary>
    public double TenantShare { get; init; } = 0.1;

    /// <summary>Of all connections, no more are let go in a second, unless the deadline asks for it; null: as many as the other nodes of a cluster can take, and all at once without one.</summary>
    public int? Rate { get; init; }
}

/// <summary><c>actors443.obituaries</c>: what is remembered of connections that have ended.</summary>
public sealed record ObituarySettings
{
    /// <summary>Ends of all clients; some 1.5 KiB each.</summary>
    public int Kept { get; init; } = 5000;

    /// <summary>Ends of one client (IPv6: one network of 64 bits); its older ones are forgotten.</summary>
    public int PerClient { get; init; } = 50;

    /// <summary>How long.</summary>
    public TimeSpan KeptFor { get; init; } = TimeSpan.FromHours(1);
}
