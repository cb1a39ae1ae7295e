namespace Actors443.Configuration.Reading;

/// <summary>Reads the library's part of <c>actors443 { … }</c>.</summary>
internal static class CoreSettingsReading
{
    public static Actors443Settings Read(SettingsReader root)
    {
        var defaults = new Actors443Settings();
        HttpsSettings https = ListenerSettingsReading.ReadHttps(root.Section("https"));
        DnsSettings dns = DnsSettingsReading.Read(root.Section("dns"));
        return new Actors443Settings
        {
            Engine = root.Choice("engine", defaults.Engine),
            EventLoop = ReadEventLoop(root.Section("event-loop")),
            Https = https,
            Http = ListenerSettingsReading.ReadHttp(root.Section("http")),
            Certificates = CertificateSettingsReading.Read(root.Section("certificates")),
            Admission = AdmissionSettingsReading.Read(root.Section("admission")),
            Deadlines = LifetimeSettingsReading.ReadDeadlines(root.Section("deadlines")),
            Drain = LifetimeSettingsReading.ReadDrain(root.Section("drain")),
            Obituaries = LifetimeSettingsReading.ReadObituaries(root.Section("obituaries")),
            Routes = ConnectionRouteReading.Read(root, https, dns),
            Tunnels = TunnelSettingsReading.Read(root.Section("tunnels")),
            Dns = dns,
            Requests = RequestSettingsReading.Read(root.Section("requests")),
            Cluster = ClusterSettingsReading.Read(root.Section("cluster"), https),
            StateDirectory = ReadStateDirectory(root, defaults.StateDirectory),
        };
    }

    private static EventLoopSettings ReadEventLoop(SettingsReader section)
    {
        var defaults = new EventLoopSettings();
        return new EventLoopSettings
        {
            Loops = section.Value("loops") is { } loops && loops.Text != "auto" ? (int?)loops.Integer(1, 1024) : null,
            Applications = section.Choice("applications", defaults.Applications),
            Scheduling = section.Choice("scheduling", defaults.Scheduling),
            TlsContexts = section.Integer("tls-contexts", defaults.TlsContexts, 0, 1_000_000),
            BlockedAfter = section.Duration("blocked-after", defaults.BlockedAfter, TimeSpan.FromMilliseconds(10)),
        };
    }

    private static string ReadStateDirectory(SettingsReader root, string fallback)
    {
        if (root.Value("state-directory") is not { } value || value.Text == "auto")
            return fallback;
        if (value.AsPath("a folder, or auto") is not { } path)
            return fallback;
        if (File.Exists(path))
            value.Fail($"'{path}' is a file; write a folder, or auto");
        return path;
    }
}
