using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Certificates;

/// <summary>
/// Watches the certificate files. A change is looked at when the files have been quiet for a moment; a bad pair is tried again and reported only if
/// it is still bad then, since most are files caught half-way. What is known of the files outlives a crash: it belongs to the supervisor.
/// </summary>
internal sealed class FileCertificateActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestUnquiet = TimeSpan.FromSeconds(2);
    // Of very many files a look takes seconds: it is to take no more than this part of the time.
    private const int LookAtMost = 50;

    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly TimeSpan _rescan;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CertificateMetrics _metrics;
    private readonly CertificateFiles _files;
    private readonly FolderWatches _watches;
    private FileCertificatesLoaded? _told;
    private HashSet<string> _reported = [];
    private long _unquietSince;

    public FileCertificateActor(CertificateFiles files, TimeSpan rescan, TimeProvider time, ILoggerFactory loggers, CertificateMetrics metrics)
    {
        _files = files;
        _rescan = rescan;
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Certificates);
        _metrics = metrics;
        IActorRef self = Self;
        _watches = new FolderWatches(
            () => self.Tell(FilesChanged.Instance, ActorRefs.NoSender),
            (folder, cause) => _log.CannotWatch(folder, cause, _rescan));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Start(TimeSpan.Zero);

    protected override void PostStop() => _watches.Stop();

    // It looks again after a pause, lest it fail in a loop.
    protected override void PostRestart(Exception reason)
    {
        var pause = TimeSpan.FromSeconds(0.5 + Random.Shared.NextDouble());
        _log.CertificateActorFailed(reason, Self.Path.Name, pause);
        Start(pause);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FilesChanged:
                AwaitQuiet();
                break;
            case ScanFiles:
                Scan();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Start(TimeSpan pause)
    {
        Timers.StartSingleTimer("start", ScanFiles.Instance, pause);
    }

    private void AwaitQuiet()
    {
        bool waiting = Timers.IsTimerActive("quiet");
        if (!waiting)
            _unquietSince = _time.GetTimestamp();
        // Further changes put it off, but not for ever: a log kept in the same folder is never quiet.
        if (!waiting || _time.GetElapsedTime(_unquietSince) < LongestUnquiet)
            Timers.StartSingleTimer("quiet", ScanFiles.Instance, Quiet);
    }

    private void Scan()
    {
        long started = _time.GetTimestamp();
        // Before the look, so that no change falls between the two.
        _watches.Follow(_files.WatchedFolders());
        DateTimeOffset now = _time.GetUtcNow();
        FileScan scan = _files.Scan(now);
        bool first = _told is null;
        List<FileProblem> lasting = [.. scan.Problems.Where(problem => first || now - problem.Since >= Patience)];
        foreach (FileProblem problem in lasting.Where(problem => !_reported.Contains(problem.Message)))
            Report(problem);
        _reported = [.. lasting.Select(problem => problem.Message)];
        if (lasting.Count < scan.Problems.Count)
            Timers.StartSingleTimer("again", ScanFiles.Instance, TryAgain);

        TimeSpan pause = _time.GetElapsedTime(started) * LookAtMost;
        Timers.StartSingleTimer("rescan", ScanFiles.Instance, pause > _rescan ? pause : _rescan);
        var loaded = new FileCertificatesLoaded(scan.Certificates, [.. lasting.Select(problem => problem.Message)]);
        if (_told is null || !_told.Certificates.SequenceEqual(loaded.Certificates) || !_told.Problems.SequenceEqual(loaded.Problems))
        {
            _told = loaded;
            Context.Parent.Tell(loaded);
        }
    }

    private void Report(FileProblem problem)
    {
        if (problem.IsGone)
        {
            _log.CertificateFileGone(problem.Message);
            return;
        }

        _metrics.Refused();
        _log.CertificateRefused(problem.Message);
    }
}
