namespace Actors443.Configuration;

/// <summary><c>actors443.event-loop</c>: how the event-loop engine runs. Other engines ignore it.</summary>
public sealed record EventLoopSettings
{
    /// <summary>Threads that own connections; null: one a processor.</summary>
    public int? Loops { get; init; }

    /// <summary>Where the application's code runs.</summary>
    public ApplicationThreads Applications { get; init; } = ApplicationThreads.Auto;

    /// <summary>When loops that have something to do get a processor that others use.</summary>
    public LoopScheduling Scheduling { get; init; } = LoopScheduling.Batch;

    /// <summary>A loop that is kept from its sockets for longer is reported.</summary>
    public TimeSpan BlockedAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Certificates that have an SSL_CTX of OpenSSL to themselves: a millisecond and 30 KiB each, and the cheapest handshakes. All others share one.</summary>
    public int TlsContexts { get; init; } = 1000;
}

/// <summary>Where the application's code runs.</summary>
public enum ApplicationThreads
{
    /// <summary>On the loop for what the server itself serves (<c>actors443 run</c>), on the thread pool for any other application.</summary>
    Auto,

    /// <summary>On the loop of the connection: fastest, for code that never blocks.</summary>
    Loop,

    /// <summary>On the thread pool: code may block.</summary>
    ThreadPool,
}

/// <summary>When loops that have something to do get a processor that others use.</summary>
public enum LoopScheduling
{
    /// <summary>At the end of the others' turn (SCHED_BATCH of sched(7)): what comes meanwhile is handled with it, for fewer changes of thread.</summary>
    Batch,

    /// <summary>As the kernel has it for any thread (SCHED_OTHER): mostly at once.</summary>
    Normal,
}
