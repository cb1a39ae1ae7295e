using Actors443.Configuration;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Certificates;

/// <summary>
/// Watches the certificate files. A change is looked at when the files have been quiet for a moment; a bad pair is tried again and reported only if
/// it is still bad then, since most are files caught half-way.
/// </summary>
internal sealed class FileCertificateActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly CertificateSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CertificateMetrics _metrics;
    private readonly CertificateFiles _files;
    private readonly List<FileSystemWatcher> _watchers = [];
    private readonly HashSet<string> _reported = [];
    private bool _first = true;

    public FileCertificateActor(CertificateSettings settings, TimeProvider time, ILoggerFactory loggers, CertificateMetrics metrics)
    {
        _settings = settings;
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Certificates);
        _metrics = metrics;
        _files = new CertificateFiles(settings);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Self.Tell(ScanFiles.Instance);
        Timers.StartPeriodicTimer("rescan", ScanFiles.Instance, _settings.Rescan);
        Watch();
    }

    protected override void PostStop()
    {
        foreach (FileSystemWatcher watcher in _watchers)
            watcher.Dispose();
    }

    // The index that was published outlives this actor; it looks again after a pause, lest it fail in a loop.
    protected override void PostRestart(Exception reason)
    {
        TimeSpan pause = TimeSpan.FromSeconds(0.5 + Random.Shared.NextDouble());
        _log.CertificateActorFailed(reason, Self.Path.Name, pause);
        Timers.StartSingleTimer("start", ScanFiles.Instance, pause);
        Timers.StartPeriodicTimer("rescan", ScanFiles.Instance, _settings.Rescan);
        Watch();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FilesChanged:
                Timers.StartSingleTimer("quiet", ScanFiles.Instance, Quiet);
                break;
            case ScanFiles:
                Scan();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Scan()
    {
        DateTimeOffset now = _time.GetUtcNow();
        FileScan scan = _files.Scan(now);
        if (_first || scan.Changed)
            Context.Parent.Tell(new FileCertificatesLoaded(scan.Certificates, scan.Problems));
        _reported.IntersectWith(scan.Problems);
        if (scan.Problems.Count > 0)
            Consider(scan, now);
        _first = false;
    }

    private void Consider(FileScan scan, DateTimeOffset now)
    {
        bool patient = !_first && scan.BadSince is { } since && now - since < Patience;
        if (patient)
        {
            Timers.StartSingleTimer("again", ScanFiles.Instance, TryAgain);
            return;
        }

        foreach (string problem in scan.Problems)
        {
            if (_reported.Add(problem))
            {
                _metrics.Refused();
                _log.CertificateRefused(problem);
                Context.Parent.Tell(new FileCertificatesLoaded(scan.Certificates, scan.Problems));
            }
        }
    }

    private void Watch()
    {
        IActorRef self = Self;
        foreach (string folder in _files.WatchedFolders())
        {
            try
            {
                var watcher = new FileSystemWatcher(folder) { IncludeSubdirectories = _settings.Directories.Select(Path.GetFullPath).Contains(folder) };
                watcher.Changed += (_, _) => self.Tell(FilesChanged.Instance, ActorRefs.NoSender);
                watcher.Created += (_, _) => self.Tell(FilesChanged.Instance, ActorRefs.NoSender);
                watcher.Renamed += (_, _) => self.Tell(FilesChanged.Instance, ActorRefs.NoSender);
                watcher.Deleted += (_, _) => self.Tell(FilesChanged.Instance, ActorRefs.NoSender);
                watcher.Error += (_, _) => self.Tell(FilesChanged.Instance, ActorRefs.NoSender);
                watcher.EnableRaisingEvents = true;
                _watchers.Add(watcher);
            }
            catch (Exception cause) when (cause is IOException or ArgumentException or UnauthorizedAccessException)
            {
                _log.CannotWatch(folder, cause.Message, _settings.Rescan);
            }
        }
    }
}
