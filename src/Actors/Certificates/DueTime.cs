namespace Actors443.Certificates;

/// <summary>Waiting for a time of day. Pure.</summary>
internal static class DueTime
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);

    /// <summary>How long a timer has to wait: a clock that is set changes what is due, so it is looked at again after <paramref name="longest"/> at the latest; and never so early that it is not due yet.</summary>
    public static TimeSpan Wait(DateTimeOffset due, DateTimeOffset now, TimeSpan longest)
    {
        TimeSpan wait = due - now;
        return wait < TimeSpan.Zero ? Least : wait > longest ? longest : wait + Least;
    }
}
