using HdrHistogram;

namespace Actors443.Server.Load.Results;

/// <summary>
/// What one group did on one node during one interval (a second, usually). Made by the loops, added up for the terminal and the report, sent
/// between load nodes. Counters are of this interval alone; gauges are as it ended.
/// </summary>
internal sealed class IntervalSample
{
    public required string Node { get; init; }

    public required string Group { get; init; }

    /// <summary>Since the run began; negative during the warm-up, which no total counts.</summary>
    public required TimeSpan Start { get; init; }

    public required TimeSpan Length { get; init; }

    /// <summary>Answers with a status below 400, messages that came back, DNS answers.</summary>
    public long Succeeded { get; set; }

    /// <summary>TLS connections fully made.</summary>
    public long FullHandshakes { get; set; }

    public long ResumedHandshakes { get; set; }

    /// <summary>Plaintext bytes received and sent.</summary>
    public long BytesReceived { get; set; }

    public long BytesSent { get; set; }

    /// <summary>WebSocket messages received unasked, resets sent, and other things a mode counts beside its answers.</summary>
    public long Events { get; set; }

    /// <summary>Sessions open at the end of the interval.</summary>
    public int OpenSessions { get; set; }

    /// <summary>Sessions being opened at the end of the interval.</summary>
    public int OpeningSessions { get; set; }

    /// <summary>Microseconds from the moment a request was due (open model) or sent (closed) to the end of its answer, failed statuses included. Null: none.</summary>
    public HistogramBase? Latency { get; set; }

    /// <summary>Microseconds from connect to the end of the TLS handshake. Null: none.</summary>
    public HistogramBase? HandshakeTime { get; set; }

    /// <summary>How often each kind of failure occurred.</summary>
    public Dictionary<LoadError, long> Errors { get; } = [];

    /// <summary>Things worth a mark on a plot.</summary>
    public List<LoadMark> Marks { get; } = [];
}

/// <summary>A moment worth showing.</summary>
/// <param name="At">Since the run began.</param>
/// <param name="Text">For people: <c>storm 1: 5,000 sessions back after 2.3 s</c>.</param>
/// <param name="Seconds">The figure in it, if it has one.</param>
internal sealed record LoadMark(TimeSpan At, string Text, double? Seconds = null);

/// <summary>A failure, by what failed and how it is called in the protocol: equal failures are counted together.</summary>
/// <param name="Kind">Where it failed.</param>
/// <param name="Detail">The alert's name (<c>handshake_failure</c>), the phase (<c>connect</c>, <c>handshake</c>, <c>headers</c>, <c>body</c>, <c>message</c>), the status (<c>503</c>), the frame error (<c>REFUSED_STREAM</c>); empty if there is nothing to add.</param>
internal readonly record struct LoadError(LoadErrorKind Kind, string Detail = "");

internal enum LoadErrorKind
{
    /// <summary>Nobody listens, or the listener's queue refused.</summary>
    Refused,

    /// <summary>The other machine or network cannot be reached.</summary>
    Unreachable,

    /// <summary>This machine is out of ports, files or memory: the load is at its own limit.</summary>
    LocalLimit,

    /// <summary>A TLS alert, by name, received or sent.</summary>
    TlsAlert,

    /// <summary>TLS failed without an alert.</summary>
    Tls,

    /// <summary>No answer in time, by phase.</summary>
    Timeout,

    /// <summary>The connection was reset.</summary>
    Reset,

    /// <summary>The server closed the connection with a request in flight, or without close_notify where that loses data.</summary>
    Closed,

    /// <summary>An HTTP status of 400 or above.</summary>
    HttpStatus,

    /// <summary>HTTP/2: RST_STREAM or GOAWAY, by error code.</summary>
    Http2,

    /// <summary>What came is not what the protocol allows.</summary>
    Protocol,
}
