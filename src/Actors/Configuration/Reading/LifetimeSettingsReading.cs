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
        return new DrainSettings
        {
            Deadline = drain.Duration("deadline", defaults.Deadline, TimeSpan.Zero),
            ReadinessDelay = drain.Duration("readiness-delay", defaults.ReadinessDelay, TimeSpan.Zero),
        };
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
