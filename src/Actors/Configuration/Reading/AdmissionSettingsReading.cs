using System.Net;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>admission</c>.</summary>
internal static class AdmissionSettingsReading
{
    private const int MostConnections = 10_000_000;

    public static AdmissionSettings Read(SettingsReader admission)
    {
        var defaults = new AdmissionSettings();
        return new AdmissionSettings
        {
            MaximumConnections = admission.Integer("maximum-connections", defaults.MaximumConnections, 1, MostConnections),
            MaximumHandshakes = admission.Integer("maximum-handshakes", defaults.MaximumHandshakes, 1, MostConnections),
            PerClient = ReadPerClient(admission.Section("per-client")),
            PerCertificate = new CertificateLimitSettings { Connections = admission.Section("per-certificate").Integer("connections", defaults.PerCertificate.Connections, 0, MostConnections) },
            Load = ReadLoad(admission.Section("load")),
        };
    }

    private static ClientLimitSettings ReadPerClient(SettingsReader client)
    {
        var defaults = new ClientLimitSettings();
        return new ClientLimitSettings
        {
            Ipv4Mask = client.Integer("ipv4-mask", defaults.Ipv4Mask, 1, 32),
            Ipv6Mask = client.Integer("ipv6-mask", defaults.Ipv6Mask, 1, 128),
            Connections = client.Integer("connections", defaults.Connections, 0, MostConnections),
            UnfinishedHandshakes = client.Integer("unfinished-handshakes", defaults.UnfinishedHandshakes, 0, MostConnections),
            NewHandshakesPerSecond = client.Number("new-handshakes-per-second", defaults.NewHandshakesPerSecond, 0, 1_000_000),
            ResumedHandshakesPerSecond = client.Number("resumed-handshakes-per-second", defaults.ResumedHandshakesPerSecond, 0, 1_000_000),
            RateInterval = client.Duration("rate-interval", defaults.RateInterval, TimeSpan.FromMilliseconds(100)),
            Ban = client.Duration("ban", defaults.Ban, TimeSpan.Zero),
            Exempt = client.List<IPNetwork>("exempt", defaults.Exempt, value => value.Network()),
            TrackedClients = client.Integer("tracked-clients", defaults.TrackedClients, 100, MostConnections),
        };
    }

    private static LoadSettings ReadLoad(SettingsReader load)
    {
        var defaults = new LoadSettings();
        return new LoadSettings
        {
            SampleInterval = load.Duration("sample-interval", defaults.SampleInterval, TimeSpan.FromMilliseconds(50)),
            Cpu = ReadThreshold(load.Section("cpu"), defaults.Cpu, value => value.Fraction(orOff: true)),
            Memory = ReadThreshold(load.Section("memory"), defaults.Memory, value => value.Fraction(orOff: true)),
            ThreadPoolDelay = ReadThreshold(load.Section("thread-pool-delay"), defaults.ThreadPoolDelay, Seconds),
            MailboxLag = ReadThreshold(load.Section("mailbox-lag"), defaults.MailboxLag, Seconds),
            RiseSamples = load.Integer("rise-samples", defaults.RiseSamples, 1, 10_000),
            FallSamples = load.Integer("fall-samples", defaults.FallSamples, 1, 10_000),
            RetryAfter = load.Duration("retry-after", defaults.RetryAfter, TimeSpan.FromSeconds(1)),
            SheddingIdle = load.Duration("shedding-idle", defaults.SheddingIdle, TimeSpan.FromMilliseconds(100)),
        };
    }

    private static LoadThreshold ReadThreshold(SettingsReader section, LoadThreshold defaults, Func<SettingsValue, double?> read)
    {
        double? Read(string key, double? fallback) => section.Value(key) is { } value ? value.Text == "off" ? null : read(value) ?? fallback : fallback;
        var threshold = new LoadThreshold(Read("shed", defaults.Shed), Read("pause", defaults.Pause));
        if (threshold.Shed > threshold.Pause)
            (section.Value("shed") ?? section.Value("pause"))?.Fail("shed is above pause; write a shed below it");
        return threshold;
    }

    private static double? Seconds(SettingsValue value) => value.Duration(TimeSpan.FromMilliseconds(1), orOff: true)?.TotalSeconds;
}
