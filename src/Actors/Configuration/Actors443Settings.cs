using Actors443.Configuration.Hocon;
using Actors443.Configuration.Reading;
using Actors443.Dns.Tls;
using Actors443.Hosting;
using Akka.Configuration;

namespace Actors443.Configuration;

/// <summary>Everything the library is told, immutable. HOCON (<c>actors443 { … }</c>) is where it comes from; the defaults here equal <c>reference.conf</c>.</summary>
public sealed record Actors443Settings
{
    /// <summary>What moves bytes: <c>auto</c> takes the best engine the platform has.</summary>
    public EngineKind Engine { get; init; } = EngineKind.Auto;

    /// <summary>How the event-loop engine runs.</summary>
    public EventLoopSettings EventLoop { get; init; } = new();

    /// <summary>The https listeners.</summary>
    public HttpsSettings Https { get; init; } = new();

    /// <summary>The redirect listeners on port 80.</summary>
    public HttpSettings Http { get; init; } = new();

    /// <summary>Where certificates come from.</summary>
    public CertificateSettings Certificates { get; init; } = new();

    /// <summary>Limits and overload control.</summary>
    public AdmissionSettings Admission { get; init; } = new();

    /// <summary>How long each phase of a connection may last.</summary>
    public DeadlineSettings Deadlines { get; init; } = new();

    /// <summary>How the server stops.</summary>
    public DrainSettings Drain { get; init; } = new();

    /// <summary>What is remembered of connections that have ended.</summary>
    public ObituarySettings Obituaries { get; init; } = new();

    /// <summary>Connections that are led to other servers; none without.</summary>
    public IReadOnlyList<ConnectionRouteSettings> Routes { get; init; } = [];

    /// <summary>Server names that are served here, whatever wildcard a route has: the executable's sites.</summary>
    public IReadOnlyList<string> OwnNames { get; init; } = [];

    /// <summary>Tunnels to other servers; off without accounts.</summary>
    public TunnelSettings Tunnels { get; init; } = new();

    /// <summary>The resolver behind DNS over HTTPS.</summary>
    public DnsSettings Dns { get; init; } = new();

    /// <summary>Defaults of routes to actors.</summary>
    public RequestSettings Requests { get; init; } = new();

    /// <summary>Several servers as one front door; off by default.</summary>
    public ClusterSettings Cluster { get; init; } = new();

    /// <summary>Folder for the local CA, tokens and other state (mode 0700).</summary>
    public string StateDirectory { get; init; } = DefaultStateDirectory();

    /// <summary>Reads the section <c>actors443</c> of an application's HOCON. What is not written has its default.</summary>
    /// <exception cref="SettingsException">Something is wrong; the exception lists all of it.</exception>
    public static Actors443Settings FromConfig(Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return FromConfig(config, new HoconLines());
    }

    /// <param name="config">As above.</param>
    /// <param name="lines">Where what is known of it was written.</param>
    internal static Actors443Settings FromConfig(Config config, HoconLines lines)
    {
        var problems = new SettingsProblems(lines);
        var file = new SettingsReader(config.IsEmpty ? new Dictionary<string, Akka.Configuration.Hocon.HoconValue>() : config.Root.Section(), HoconPath.Root, problems);
        // The application's HOCON has sections of others beside ours.
        _ = file.Entries().Count();
        SettingsReader section = file.Section("actors443");
        Actors443Settings settings = CoreSettingsReading.Read(section);
        // Akka's own, which WithActors443 puts there.
        section.Leave(ActorSystemHocon.Sections);
        problems.AddUnknownKeys();
        return problems.HasErrors ? throw new SettingsException(problems.All) : settings;
    }

    /// <summary>With what follows from one part for another: the protocols that TLS offers.</summary>
    /// <param name="mapped">Those that actors speak.</param>
    internal Actors443Settings Prepared(IEnumerable<string> mapped) => this with
    {
        Https = Https with { OtherProtocols = [.. Routes.SelectMany(route => route.ApplicationProtocols).Union(mapped), .. Dns.Dot.Enabled ? (string[])[DnsOverTls.Protocol] : []] },
    };

    /// <summary><c>/var/lib/actors443</c> for root, else <c>$XDG_STATE_HOME/actors443</c>, else <c>~/.local/state/actors443</c>.</summary>
    public static string DefaultStateDirectory()
    {
        if (OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess)
            return "/var/lib/actors443";
        if (OperatingSystem.IsWindows())
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "actors443");
        string? state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        return string.IsNullOrEmpty(state)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state", "actors443")
            : Path.Combine(state, "actors443");
    }
}

/// <summary>What moves bytes.</summary>
public enum EngineKind
{
    /// <summary>The best engine the platform has.</summary>
    Auto,

    /// <summary>Event loops of our own with OpenSSL 3; Linux.</summary>
    EventLoop,

    /// <summary>Kestrel's socket transport and SslStream; every platform.</summary>
    Portable,
}
