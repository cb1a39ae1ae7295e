using Actors443.Configuration;
using Actors443.Engine;

namespace Actors443.Connections;

/// <summary>Which deadline of a connection is next. Pure: reads the connection, changes only its <c>SeenBytes</c> pair.</summary>
internal static class ConnectionDeadlines
{
    /// <summary>While draining, an HTTP/1.1 connection without a request is given this long to send one more, so that none is lost on its way.</summary>
    public const long DrainQuietMs = 1000;

    private const long OpensWithinMs = 2_000;

    // Far enough not to matter, near enough that changed settings are noticed.
    private const long FarMs = 60_000;

    /// <summary>The earliest deadline: already passed with its reason, or when to look again.</summary>
    public static (CloseReason Passed, long LookAgainMs) Next(EngineConnection connection, long nowMs, DeadlineSettings deadlines, TimeSpan idle)
    {
        // Nobody tells the wheel that headers have begun: it looks once in the shortest time that can matter.
        long soon = nowMs + Math.Min(Ms(deadlines.Headers), Ms(idle));
        // Nor that there are requests, or that it has opened.
        if (connection.Http2?.LookEvery is { } every)
            soon = Math.Min(soon, nowMs + Ms(every));
        else if (connection.Stage < ConnectionState.Open)
            soon = Math.Min(soon, nowMs + OpensWithinMs);
        long drainingSince = connection.DrainingSinceMs;
        if (connection.Stage < ConnectionState.Open)
        {
            if (drainingSince != 0 && nowMs >= connection.DrainDeadlineMs)
                return (CloseReason.DrainTimeout, 0);
            // While it has passed, the client's proxy may still have to name it.
            if (connection.SilenceDueMs is > 0 and var silence)
                soon = Math.Min(soon, Math.Max(silence, nowMs + 1));
            (CloseReason late, long due) = Check(connection.HandshakeDueMs(deadlines.Handshake), CloseReason.HandshakeTimeout, nowMs);
            return (late, Math.Min(due, drainingSince == 0 ? soon : Math.Min(connection.DrainDeadlineMs, nowMs + DrainQuietMs)));
        }

        if (drainingSince != 0)
        {
            if (nowMs >= connection.DrainDeadlineMs)
                return (CloseReason.DrainTimeout, 0);
            if (connection.RequestsInFlight > 0 || connection.Carried is not null)
                return (CloseReason.None, Math.Min(connection.DrainDeadlineMs, nowMs + DrainQuietMs));
            return Check(Math.Min(connection.DrainDeadlineMs, Math.Max(drainingSince, connection.IdleSinceMs) + DrainQuietMs), CloseReason.Drained, nowMs);
        }

        long next = nowMs + FarMs;
        if ((connection.Carried is { } other ? other.Age : deadlines.Age) is { } age)
        {
            long due = connection.AcceptedAtMs + Ms(age);
            if (nowMs >= due)
                return (CloseReason.AgeLimit, 0);
            next = Math.Min(next, due);
        }

        if (connection.Carried is { } carried)
            return ByBytes(connection, nowMs, carried.Idle, next);
        if (connection.Upgraded)
            return ByBytes(connection, nowMs, deadlines.UpgradedIdle, next);
        if (connection.RequestsInFlight > 0)
            return connection.Http2?.IsSlowReader(nowMs) == true ? (CloseReason.SlowReader, 0) : (CloseReason.None, Math.Min(next, soon));

        // HTTP/2 sends control frames between requests; an unfinished header block there is Kestrel's to time.
        bool timesHeaders = connection.HeadersSinceMs != 0 && connection.ApplicationProtocol != System.Net.Security.SslApplicationProtocol.Http2;
        (CloseReason passed, long lookAgain) = timesHeaders
            ? Check(connection.HeadersSinceMs + Ms(deadlines.Headers), CloseReason.HeadersTimeout, nowMs)
            : Check(connection.IdleSinceMs + Ms(idle), CloseReason.IdleTimeout, nowMs);
        if (passed != CloseReason.None)
            return (passed, 0);
        return (CloseReason.None, Math.Min(next, Math.Min(lookAgain, soon)));
    }

    private static (CloseReason Passed, long LookAgainMs) ByBytes(EngineConnection connection, long nowMs, TimeSpan? limit, long next)
    {
        if (limit is not { } idle)
            return (CloseReason.None, next);
        long bytes = connection.BytesRead + connection.BytesWritten;
        if (bytes != connection.SeenBytes || connection.SeenBytesAtMs == 0)
        {
            connection.SeenBytes = bytes;
            connection.SeenBytesAtMs = nowMs;
        }

        (CloseReason passed, long lookAgain) = Check(connection.SeenBytesAtMs + Ms(idle), CloseReason.IdleTimeout, nowMs);
        return (passed, Math.Min(next, Math.Min(lookAgain, nowMs + Ms(idle) / 4)));
    }

    private static (CloseReason Passed, long LookAgainMs) Check(long dueMs, CloseReason reason, long nowMs) =>
        nowMs >= dueMs ? (reason, 0) : (CloseReason.None, dueMs);

    private static long Ms(TimeSpan span) => (long)span.TotalMilliseconds;
}
