using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Telemetry;
using Actors443.Tls;
using Akka.Actor;

namespace Actors443.Certificates.Revocation;

/// <summary>
/// Keeps the CRLs for client certificates: reads files when they change, asks URLs at half of a list's life, publishes what there is, and has connections of
/// revoked certificates cut. If it fails, what was published stays in force.
/// </summary>
internal sealed class RevocationActor : ReceiveActor, IWithTimers
{
    private const long LargestList = 64 * 1024 * 1024;
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);

    // One for the process: it holds nothing of this actor.
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseCookies = false, MaxAutomaticRedirections = 5 }) { Timeout = AnswerWithin, MaxResponseContentBufferSize = LargestList };

    private readonly Func<Actors443Settings> _settings;
    private readonly PublishedRevocations _published;
    private readonly TlsFrontEnd _frontEnd;
    private readonly IActorRef _directory;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly FolderWatches _watches;
    private readonly HashSet<string> _reported = [];
    private Dictionary<string, RevocationSource> _sources = [];

    public RevocationActor(Func<Actors443Settings> settings, PublishedRevocations published, TlsFrontEnd frontEnd, IActorRef directory, ILoggerFactory loggers, TimeProvider time)
    {
        _settings = settings;
        _published = published;
        _frontEnd = frontEnd;
        _directory = directory;
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Certificates);
        IActorRef self = Self;
        _watches = new FolderWatches(
            () => self.Tell(LookAtRevocations.Instance, ActorRefs.NoSender),
            (folder, cause) => _log.CannotWatch(folder, cause, settings().Certificates.Rescan));
        Receive<LookAtRevocations>(_ => Look());
        Receive<RevocationFetched>(OnFetched);
        Receive<AwaitRevocations>(_ => Sender.Tell(new RevocationsReady([.. _sources.Values.Select(source => source.Problem).OfType<string>()])));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Look();
        Timers.StartPeriodicTimer(nameof(LookAtRevocations), LookAtRevocations.Instance, _settings().Certificates.Rescan);
    }

    protected override void PostStop() => _watches.Stop();

    private void Look()
    {
        Actors443Settings settings = _settings();
        string cache = Path.Combine(settings.StateDirectory, "crl");
        string[] wanted = [.. settings.Https.ClientCertificatesByName.Values.Append(settings.Https.ClientCertificates).SelectMany(rule => rule.Crl).Distinct(StringComparer.Ordinal)];
        bool changed = wanted.Length != _sources.Count || !wanted.All(_sources.ContainsKey);
        _sources = wanted.ToDictionary(name => name, name => _sources.GetValueOrDefault(name) ?? new RevocationSource(name, cache), StringComparer.Ordinal);
        _watches.Follow(_sources.Values.Where(source => !source.IsUrl).Select(source => Path.GetDirectoryName(source.Name)!).Distinct(StringComparer.Ordinal).ToDictionary(folder => folder, _ => false));
        DateTimeOffset now = _time.GetUtcNow();
        foreach (RevocationSource source in _sources.Values)
        {
            changed |= source.Look();
            if (source.IsUrl && !source.IsAsked && source.Due <= now)
                Ask(source);
        }

        Report();
        if (changed)
            Publish();
    }

    private void Ask(RevocationSource source)
    {
        source.IsAsked = true;
        FetchAsync(source.Name).PipeTo(Self);
    }

    private static async Task<RevocationFetched> FetchAsync(string url)
    {
        try
        {
            return new RevocationFetched(url, await Http.GetByteArrayAsync(new Uri(url)), null);
        }
        catch (Exception cause) when (cause is HttpRequestException or TaskCanceledException or IOException)
        {
            return new RevocationFetched(url, null, cause.Message);
        }
    }

    private void OnFetched(RevocationFetched fetched)
    {
        if (!_sources.TryGetValue(fetched.Source, out RevocationSource? source))
            return;
        DateTimeOffset now = _time.GetUtcNow();
        bool changed = false;
        if (fetched.Content is { } content)
            changed = source.Take(content, now);
        else
            source.Miss(fetched.Problem!, now);
        Report();
        if (changed)
            Publish();
    }

    private void Publish()
    {
        _published.Publish(new RevocationIndex(_sources.ToDictionary(source => source.Key, source => source.Value.Lists, StringComparer.Ordinal)));
        if (_sources.Count > 0)
            _log.RevocationsPublished(_sources.Values.SelectMany(source => source.Lists).Sum(list => list.Count), _sources.Count);
        _directory.Tell(new CutRevoked(_frontEnd));
    }

    private void Report()
    {
        string[] problems = [.. _sources.Values.Select(source => source.Problem).OfType<string>()];
        foreach (string problem in problems.Where(problem => !_reported.Contains(problem)))
            _log.RevocationProblem(problem);
        _reported.Clear();
        _reported.UnionWith(problems);
    }
}
