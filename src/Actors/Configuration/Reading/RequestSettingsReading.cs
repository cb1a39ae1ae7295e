namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>requests</c>.</summary>
internal static class RequestSettingsReading
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(10);

    public static RequestSettings Read(SettingsReader requests)
    {
        var defaults = new RequestSettings();
        RouteSupervisionSettings supervision = ReadSupervision(requests.Section("supervision"), defaults.Supervision);
        return new RequestSettings
        {
            Timeout = requests.Duration("timeout", defaults.Timeout, Shortest),
            Body = (int)requests.Size("body", defaults.Body, 0, 1024 * 1024 * 1024),
            ReplyWindow = (int)requests.Size("reply-window", defaults.ReplyWindow, 1024, 1024 * 1024 * 1024),
            Supervision = supervision,
            Routes = ReadRoutes(requests.Section("routes"), supervision),
        };
    }

    private static SortedDictionary<string, RouteSupervisionSettings> ReadRoutes(SettingsReader section, RouteSupervisionSettings supervision)
    {
        var routes = new SortedDictionary<string, RouteSupervisionSettings>(StringComparer.Ordinal);
        foreach ((string pattern, SettingsValue value) in section.Entries())
        {
            if (value.AsSection($$"""{{pattern}} { on-failure = quarantine }""") is { } route)
                routes[pattern] = ReadSupervision(route, supervision);
        }

        return routes;
    }

    private static RouteSupervisionSettings ReadSupervision(SettingsReader section, RouteSupervisionSettings defaults)
    {
        var read = new RouteSupervisionSettings
        {
            OnFailure = section.Choice("on-failure", defaults.OnFailure),
            Failures = section.Integer("failures", defaults.Failures, 1, 1_000_000),
            Within = section.Duration("within", defaults.Within, Shortest),
            BackOff = section.Duration("back-off", defaults.BackOff, Shortest),
            LongestBackOff = section.Duration("longest-back-off", defaults.LongestBackOff, Shortest),
            Canaries = section.Integer("canaries", defaults.Canaries, 1, 1_000),
            Time = section.DurationOrOff("time", defaults.Time, Shortest),
            Memory = section.SizeOrOff("memory", defaults.Memory, 1, 1L << 40),
            AtOnce = section.Value("at-once") is { } atOnce ? atOnce.Text == "off" ? null : (int?)atOnce.Integer(1, 10_000_000) : defaults.AtOnce,
            RouteMemory = section.SizeOrOff("route-memory", defaults.RouteMemory, 1, 1L << 40),
        };
        if (read.LongestBackOff < read.BackOff)
            section.Value("longest-back-off")?.Fail("is shorter than back-off; write as much or more");
        return read;
    }
}
