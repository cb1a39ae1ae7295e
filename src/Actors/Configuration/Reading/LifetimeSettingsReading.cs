using System.Globalization;
using Actors443.Connections.Draining;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>deadlines</c>, <c>drain</c> and <c>obituaries</c>.</summary>
internal static class LifetimeSettingsReading
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    public static DeadlineSettings ReadDeadlines(SettingsReader deadlines)
    {
        var defaults = new DeadlineSettings();
        return new DeadlineSettings
        {
            Handshake = deadlines.Duration("handshake", defaults.Handshake, Shortest),
            Headers = deadlines.Duration("headers", defaults.Headers, Shortest),
            Idle = deadlines.Duration("idle", defaults.Idle, Shortest),
            Age = deadlines.DurationOrOff("age", defaults.Age, Shortest),
            UpgradedIdle = deadlines.DurationOrOff("upgraded-idle", defaults.UpgradedIdle, Shortest),
        };
    }

    public static DrainSettings ReadDrain(SettingsReader drain)
    {
        var defaults = new DrainSettings();
        TimeSpan deadline = drain.Duration("deadline", defaults.Deadline, TimeSpan.Zero);
        return new DrainSettings
        {
            Deadline = deadline,
            ReadinessDelay = drain.Duration("readiness-delay", defaults.ReadinessDelay, TimeSpan.Zero),
            TenantShare = drain.Value("tenant-share") is { } share ? ReadTenantShare(share, deadline) ?? defaults.TenantShare : defaults.TenantShare,
            Rate = drain.Value("rate") is { Text: not "off" } rate ? (int?)rate.Integer(1, 1_000_000) : null,
        };
    }

    private static double? ReadTenantShare(SettingsValue value, TimeSpan deadline)
    {
        if (value.Fraction() is not { } share)
            return null;
        int steps = DrainPace.StepsIn(deadline);
        // What is shown must be enough when it is written.
        int percent = (100 + steps - 1) / steps;
        if (share * steps >= 1 || share >= percent / 100.0)
            return share;
        value.Fail(string.Create(CultureInfo.InvariantCulture, $"{value.Text} is too little: with drain.deadline = {deadline.TotalSeconds:0.###}s all connections are let go in {steps} steps of a second; write {percent}% or more, or a longer deadline"));
        return null;
    }

    public static ObituarySettings ReadObituaries(SettingsReader obituaries)
    {
        var defaults = new ObituarySettings();
        return new ObituarySettings
        {
            Kept = obituaries.Integer("kept", defaults.Kept, 1, 1_000_000),
            PerClient = obituaries.Integer("per-client", defaults.PerClient, 1, 1_000_000),
            KeptFor = obituaries.Duration("for", defaults.KeptFor, TimeSpan.FromSeconds(1)),
        };
    }
}
