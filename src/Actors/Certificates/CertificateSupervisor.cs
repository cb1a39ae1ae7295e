using System.Diagnostics.Metrics;
using Actors443.Configuration;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Certificates;

/// <summary>
/// Merges what its children find into one index and publishes it. A child that fails is restarted with a pause; the index published last goes on
/// being served, whatever happens here.
/// </summary>
internal sealed class CertificateSupervisor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan ExpiryCheck = TimeSpan.FromHours(1);

    private readonly string _stateDirectory;
    private readonly PublishedCertificates _published;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly CertificateMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly List<(IActorRef Asker, bool IsReload)> _waiting = [];
    private CertificateSettings _settings;
    private IActorRef _files = ActorRefs.Nobody;
    private IActorRef _localCa = ActorRefs.Nobody;
    private FileCertificatesLoaded? _fromFiles;
    private LocalCertificatesIssued? _fromLocalCa;
    private int _generationOfChildren;
    private DateTimeOffset _lastDailyReport;

    public CertificateSupervisor(CertificateSettings settings, string stateDirectory, PublishedCertificates published, ILoggerFactory loggers, CertificateMetrics metrics, TimeProvider time)
    {
        _settings = settings;
        _stateDirectory = stateDirectory;
        _published = published;
        _loggers = loggers;
        _log = loggers.CreateLogger(LogCategories.Certificates);
        _metrics = metrics;
        _time = time;

        Receive<FileCertificatesLoaded>(loaded => Sender.Equals(_files), OnFilesLoaded);
        Receive<LocalCertificatesIssued>(issued => Sender.Equals(_localCa), OnIssued);
        Receive<AwaitCertificates>(_ => OnAwait(isReload: false));
        Receive<ApplyCertificateSettings>(OnApply);
        Receive<ListCertificates>(_ => Sender.Tell(new CertificateList(_published.Current.Generation, [.. _published.Current.Certificates.Select(CertificateInfo.Of)], Problems())));
        Receive<CheckExpiry>(_ => OnCheckExpiry());
        // From children that were replaced meanwhile.
        Receive<FileCertificatesLoaded>(_ => { });
        Receive<LocalCertificatesIssued>(_ => { });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(CertificateSettings settings, string stateDirectory, PublishedCertificates published, ILoggerFactory loggers, IMeterFactory meters, TimeProvider time) =>
        Akka.Actor.Props.Create<CertificateSupervisor>(settings, stateDirectory, published, loggers, new CertificateMetrics(meters, published, time), time);

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart, loggingEnabled: false);

    protected override void PreStart()
    {
        StartChildren();
        Timers.StartPeriodicTimer(nameof(CheckExpiry), CheckExpiry.Instance, ExpiryCheck);
    }

    private void StartChildren()
    {
        _generationOfChildren++;
        string suffix = _generationOfChildren == 1 ? "" : $"-{_generationOfChildren}";
        _fromFiles = null;
        _fromLocalCa = null;
        _files = Context.ActorOf(Akka.Actor.Props.Create<FileCertificateActor>(_settings, _time, _loggers, _metrics), "files" + suffix);
        _localCa = Context.ActorOf(Akka.Actor.Props.Create<LocalCaActor>(_settings.LocalCa, _stateDirectory, _time), "local-ca" + suffix);
    }

    private void OnAwait(bool isReload)
    {
        _waiting.Add((Sender, isReload));
        AnswerIfComplete();
    }

    private void OnApply(ApplyCertificateSettings apply)
    {
        // Old children would go on reporting for settings that are over. What they found is served until the new ones have looked.
        Context.Stop(_files);
        Context.Stop(_localCa);
        _settings = apply.Settings;
        StartChildren();
        OnAwait(isReload: true);
    }

    private void OnFilesLoaded(FileCertificatesLoaded loaded)
    {
        _fromFiles = loaded;
        AskLocalCa();
    }

    private void OnIssued(LocalCertificatesIssued issued)
    {
        _fromLocalCa = issued;
        foreach (string problem in issued.Problems)
            _log.CertificateRefused(problem);
        Publish();
        AnswerIfComplete();
    }

    private void AskLocalCa() => _localCa.Tell(new IssueLocalCertificates(LocalNameSets()));

    /// <summary>One certificate for the default run's own names, and one for each name that no file covers.</summary>
    private List<IReadOnlyList<string>> LocalNameSets()
    {
        if (!_settings.LocalCa.Enabled)
            return [];
        var covered = new CertificateIndex(0, _fromFiles!.Certificates, null);
        List<string> missing = [.. _settings.Names.Where(name => name != "*" && !IsCovered(covered, name))];
        var sets = new List<IReadOnlyList<string>>();
        // With certificates for all names the local CA has nothing to do, and none is made.
        if (covered.Certificates.Count == 0 || missing.Count > 0 || _settings.Names.Count == 0)
            sets.Add([.. _settings.LocalCa.Names]);
        sets.AddRange(missing.Where(name => !_settings.LocalCa.Names.Contains(name, StringComparer.OrdinalIgnoreCase)).Select(name => (IReadOnlyList<string>)[name]));
        return sets;
    }

    private static bool IsCovered(CertificateIndex index, string name) =>
        name.StartsWith("*.", StringComparison.Ordinal)
            ? index.Certificates.Any(certificate => certificate.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
            : index.Covers(name);

    private void Publish()
    {
        CertificateIndex before = _published.Current;
        DateTimeOffset now = _time.GetUtcNow();
        // Of two for one name the first is shown: valid ones before expired ones, files before the local CA.
        ServerCertificate[] all = [.. _fromFiles!.Certificates.Concat(_fromLocalCa!.Certificates).OrderBy(certificate => certificate.NotAfter <= now)];
        if (before.Certificates.SequenceEqual(all) && before.DefaultName == _settings.DefaultName)
            return;
        var index = new CertificateIndex(before.Generation + 1, all, _settings.DefaultName);
        _published.Publish(index);
        _log.Published(index.Generation, all.Length, string.Join(", ", all.SelectMany(certificate => certificate.Names).Distinct().Take(10)));
    }

    private void AnswerIfComplete()
    {
        if (_fromFiles is null || _fromLocalCa is null)
            return;
        foreach ((IActorRef asker, bool isReload) in _waiting)
        {
            asker.Tell(isReload
                ? new CertificateSettingsApplied(_published.Current.Generation, Problems())
                : new CertificatesReady(_published.Current.Generation, Problems()));
        }

        _waiting.Clear();
    }

    private List<string> Problems()
    {
        var problems = new List<string>();
        problems.AddRange(_fromFiles?.Problems ?? []);
        problems.AddRange(_fromLocalCa?.Problems ?? []);
        if (!_settings.LocalCa.Enabled)
        {
            problems.AddRange(_settings.Names
                .Where(name => name != "*" && !IsCovered(_published.Current, name))
                .Select(name => $"sites: no certificate covers {name}; add one to certificates, or set certificates.local-ca.enabled = on."));
        }

        return problems;
    }

    private void OnCheckExpiry()
    {
        if (_fromFiles is null || _fromLocalCa is null)
            return;
        // Renews what the local CA has issued, and puts an expired certificate behind a valid one.
        AskLocalCa();
        DateTimeOffset now = _time.GetUtcNow();
        bool daily = now - _lastDailyReport >= TimeSpan.FromDays(1);
        if (daily)
            _lastDailyReport = now;
        foreach (ServerCertificate certificate in _fromFiles.Certificates)
        {
            TimeSpan left = certificate.NotAfter - now;
            string names = string.Join(", ", certificate.Names);
            if (left <= TimeSpan.Zero)
                _log.ServedExpired(certificate.Source, names, certificate.NotAfter);
            else if (left < _settings.ExpiryWarning / 3 || (daily && left < _settings.ExpiryWarning))
                _log.ExpiresSoon(certificate.Source, names, TimeSpan.FromSeconds((long)left.TotalSeconds), certificate.NotAfter);
        }
    }
}
