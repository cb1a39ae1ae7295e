using System.Security.Cryptography;
using Actors443.Acme.Orders;
using Actors443.Certificates.Canary;
using Actors443.Certificates.Ocsp;
using Actors443.Cluster.TicketKeys;
using Actors443.Configuration;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Certificates;

/// <summary>
/// Merges what its children find into one index and publishes it. A child that fails is restarted with a pause; the index published last goes on
/// being served, whatever happens here.
/// </summary>
internal sealed class CertificateSupervisor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan CanaryCheck = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ExpiryCheck = TimeSpan.FromHours(1);
    private static readonly TimeSpan ClockJump = TimeSpan.FromMinutes(1);

    private readonly string _stateDirectory;
    private readonly PublishedCertificates _published;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly CertificateMetrics _metrics;
    private readonly TimeProvider _time;
    private DateTimeOffset _clockSet;
    private long _clockSetAt;
    private readonly List<(IActorRef Asker, bool IsReload)> _waiting = [];
    private readonly HashSet<string> _reported = [];
    private CertificateSettings _settings;
    private readonly CertificateCanary _canary;
    private readonly Props? _ticketKeyProps;
    private readonly Props? _acmeProps;
    private readonly NameSetStatuses? _acmeStatuses;
    private readonly Props? _ocspProps;
    private readonly Func<ECDsa>? _sharedLocalCa;
    private IActorRef _ocsp = ActorRefs.Nobody;
    private IActorRef _ticketKeys = ActorRefs.Nobody;
    private IActorRef _files = ActorRefs.Nobody;
    private IActorRef _localCa = ActorRefs.Nobody;
    private FileCertificatesLoaded? _fromFiles;
    private LocalCertificatesIssued? _fromLocalCa;
    private IActorRef _acme = ActorRefs.Nobody;
    private AcmeCertificatesChanged? _fromAcme;
    private int _generationOfChildren;
    private DateTimeOffset _lastDailyReport;

    /// <param name="settings">The settings in force, asked for at every start: a restart must not go back to those of the first.</param>
    /// <param name="stateDirectory">Where the local CA is.</param>
    /// <param name="published">Where the index goes.</param>
    /// <param name="loggers">Makes the log.</param>
    /// <param name="metrics">Counts refusals.</param>
    /// <param name="time">The clock that dates are held against.</param>
    /// <param name="ticketKeys">The actor that rotates ticket keys; null: none is needed.</param>
    /// <param name="acme">The supervisor of ACME; null: none is needed.</param>
    /// <param name="acmeStatuses">What it says of its certificates.</param>
    /// <param name="ocsp">The actor that asks OCSP responders; null: none is needed.</param>
    /// <param name="sharedLocalCa">The key of a local CA that is made here, if it is the same on all nodes of a cluster; null: its own.</param>
    public CertificateSupervisor(Func<CertificateSettings> settings, string stateDirectory, PublishedCertificates published, ILoggerFactory loggers, CertificateMetrics metrics, TimeProvider time, Props? ticketKeys = null, Props? acme = null, NameSetStatuses? acmeStatuses = null, Props? ocsp = null, Func<ECDsa>? sharedLocalCa = null)
    {
        _settings = settings();
        _stateDirectory = stateDirectory;
        _published = published;
        _loggers = loggers;
        _log = loggers.CreateLogger(LogCategories.Certificates);
        _metrics = metrics;
        _time = time;
        (_clockSet, _clockSetAt) = (time.GetUtcNow(), time.GetTimestamp());
        _ticketKeyProps = ticketKeys;
        _acmeProps = acme;
        _acmeStatuses = acmeStatuses;
        _ocspProps = ocsp;
        _sharedLocalCa = sharedLocalCa;
        IActorRef self = Self;
        _canary = new CertificateCanary(published, _log, metrics, time, () => self.Tell(CheckCanary.Instance, ActorRefs.NoSender));

        Receive<FileCertificatesLoaded>(_ => Sender.Equals(_files), OnFilesLoaded);
        Receive<LocalCertificatesIssued>(_ => Sender.Equals(_localCa), OnIssued);
        Receive<AcmeCertificatesChanged>(_ => Sender.Equals(_acme), OnAcmeChanged);
        Receive<UseClusterTicketKeys>(keys => _ticketKeys.Forward(keys));
        Receive<ClusterTicketKeysLate>(late => _ticketKeys.Forward(late));
        Receive<RenewCertificate>(renew => AskAcme(renew, new RenewalAnswer(false, CertificateStory.None(renew.Name).Summary)));
        Receive<ExplainCertificate>(explain => AskAcme(explain, CertificateStory.None(explain.Name)));
        Receive<ObtainCertificate>(obtain => _acme.Forward(obtain));
        Receive<AwaitCertificates>(_ => OnAwait(isReload: false));
        Receive<ApplyCertificateSettings>(OnApply);
        Receive<ListCertificates>(_ => Sender.Tell(new CertificateList(_published.Current.Generation, Describe(_published.Current.Certificates), Problems(), CanaryNow())));
        Receive<CheckCanary>(_ => OnCheckCanary());
        Receive<CheckExpiry>(_ => OnCheckExpiry());
        // From children that were replaced meanwhile.
        Receive<FileCertificatesLoaded>(_ => { });
        Receive<LocalCertificatesIssued>(_ => { });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(Func<CertificateSettings> settings, string stateDirectory, PublishedCertificates published, ILoggerFactory loggers, CertificateMetrics metrics, TimeProvider time, Props? ticketKeys = null, Props? acme = null, NameSetStatuses? acmeStatuses = null, Props? ocsp = null, Func<ECDsa>? sharedLocalCa = null) =>
        Akka.Actor.Props.CreateBy(new Producer(() => new CertificateSupervisor(settings, stateDirectory, published, loggers, metrics, time, ticketKeys, acme, acmeStatuses, ocsp, sharedLocalCa)));

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart, loggingEnabled: false);

    protected override void PreStart()
    {
        StartChildren();
        if (_ticketKeyProps is not null)
            _ticketKeys = Context.ActorOf(_ticketKeyProps, ActorNames.TicketKeys);
        if (_acmeProps is null)
            _fromAcme = new AcmeCertificatesChanged([]);
        else
            _acme = Context.ActorOf(_acmeProps, ActorNames.Acme);
        if (_ocspProps is not null)
            _ocsp = Context.ActorOf(_ocspProps, ActorNames.Ocsp);
        Timers.StartPeriodicTimer(nameof(CheckExpiry), CheckExpiry.Instance, ExpiryCheck);
        Timers.StartPeriodicTimer(nameof(CheckCanary), CheckCanary.Instance, CanaryCheck);
    }

    private void StartChildren()
    {
        _generationOfChildren++;
        string suffix = _generationOfChildren == 1 ? "" : $"-{_generationOfChildren}";
        _fromFiles = null;
        _fromLocalCa = null;
        // Made here, so that it outlives a crash of the actor; with what is served, so that a file that is bad now changes nothing.
        var files = new CertificateFiles(_settings, _published.Current.Certificates);
        _files = Context.ActorOf(Akka.Actor.Props.Create<FileCertificateActor>(files, _settings.Rescan, _time, _loggers, _metrics), "files" + suffix);
        _localCa = Context.ActorOf(Akka.Actor.Props.Create<LocalCaActor>(_settings.LocalCa, _stateDirectory, _published, _loggers, _time, _sharedLocalCa), "local-ca" + suffix);
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
        if (apply.Settings.TicketKeys.SharedSecret != _settings.TicketKeys.SharedSecret)
            _ticketKeys.Tell(RotateTicketKeys.Instance);
        _settings = apply.Settings;
        _acme.Tell(new ApplyAcmeSettings(_settings.Acme));
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
        bool first = _fromLocalCa is null;
        _fromLocalCa = issued;
        foreach (string problem in issued.Problems.Where(problem => !_reported.Contains(problem)))
            _log.CertificateRefused(problem);
        _reported.Clear();
        _reported.UnionWith(issued.Problems);
        Publish();
        AnswerIfComplete();
        if (first)
            ReportExpiry();
    }

    private void OnAcmeChanged(AcmeCertificatesChanged changed)
    {
        _fromAcme = changed;
        if (_fromFiles is null || _fromLocalCa is null)
        {
            AskLocalCa();
            return;
        }

        // Mostly one takes the place of a certificate of the local CA, which need not look at all its others for that.
        IReadOnlyList<IReadOnlyList<string>> wanted = NameCoverage.LocalSets(_settings, Certified());
        ILookup<string, ServerCertificate> issued = _fromLocalCa.Certificates.ToLookup(certificate => string.Join(' ', certificate.Names));
        ServerCertificate[] kept = [.. wanted.SelectMany(names => issued[string.Join(' ', names)])];
        if (kept.Length < wanted.Count)
        {
            AskLocalCa();
            return;
        }

        _fromLocalCa = _fromLocalCa with { Certificates = kept };
        Publish();
    }

    private void AskAcme(object question, object otherwise)
    {
        if (_acme.IsNobody())
            Sender.Tell(otherwise);
        else
            _acme.Forward(question);
    }

    // Both must have been heard: else names would get certificates of the local CA for a moment, and lose them again.
    private void AskLocalCa()
    {
        if (_fromFiles is not null && _fromAcme is not null)
            _localCa.Tell(new IssueLocalCertificates(NameCoverage.LocalSets(_settings, Certified())));
    }

    /// <summary>What is not of the local CA, in order of preference: a site says that it wants ACME, files may cover it by chance.</summary>
    private ServerCertificate[] Certified() => [.. _fromAcme!.Certificates, .. _fromFiles!.Certificates];

    private void Publish()
    {
        PublishIndex();
        _ocsp.Tell(LookAtStaples.Instance);
        _acme.Tell(CertificatesPublished.Instance);
    }

    private void PublishIndex()
    {
        CertificateIndex before = _published.Current;
        // Of two for one name the first is shown: the local CA's last.
        ServerCertificate[] all = [.. Certified(), .. _fromLocalCa!.Certificates];
        if (all.Length == 0 && before.Certificates.Count > 0)
        {
            // No handshake could succeed any more: what is served is better than nothing.
            _log.NothingToServe(before.Generation);
            return;
        }

        var index = new CertificateIndex(before.Generation + 1, all, _settings.DefaultName, _time.GetUtcNow());
        if (before.Certificates.SequenceEqual(index.Certificates) && before.Expired == index.Expired && before.DefaultName == index.DefaultName)
        {
            // What was on trial has been taken back by whoever put it there.
            _canary.Holds(index, _settings.Canary);
            return;
        }

        if (_canary.Holds(index, _settings.Canary))
            return;
        _published.Publish(index);
        _log.Published(index.Generation, all.Length, string.Join(", ", all.SelectMany(certificate => certificate.Names).Distinct().Take(10)));
    }

    private void AnswerIfComplete()
    {
        if (_fromFiles is null || _fromLocalCa is null || _fromAcme is null)
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
        if (_fromFiles is not null)
            problems.AddRange(CertificateCheck.SettingsProblems(_settings, _fromAcme is null ? _fromFiles.Certificates : Certified()));
        foreach (NameSetStatus status in _acmeStatuses?.All ?? [])
        {
            if (status.State == AcmeOrderState.BackingOff)
                problems.Add($"acme: no {(status.Thumbprint is null ? "" : "new ")}certificate for {string.Join(", ", status.Names)} yet: {status.LastFailure} The next attempt is at {status.NextAttempt:u}.");
        }

        if (_canary.Problem is { } rolledBack)
            problems.Add(rolledBack);
        return problems;
    }

    private List<CertificateInfo> Describe(IReadOnlyList<ServerCertificate> certificates)
    {
        IReadOnlyDictionary<string, NameSetStatus> statuses = _acmeStatuses?.ByThumbprint() ?? new Dictionary<string, NameSetStatus>();
        return [.. certificates.Select(certificate => statuses.TryGetValue(certificate.Thumbprint, out NameSetStatus? status)
            ? CertificateInfo.Of(certificate) with { NextRenewal = status.RenewAt, Generation = status.Generation }
            : CertificateInfo.Of(certificate))];
    }

    private void OnCheckCanary()
    {
        _canary.Check(_settings.Canary);
        // A clock that was set, or a machine that was asleep, changes what has expired.
        DateTimeOffset now = _time.GetUtcNow();
        DateTimeOffset expected = _clockSet + _time.GetElapsedTime(_clockSetAt);
        if ((now - expected).Duration() < ClockJump)
            return;
        (_clockSet, _clockSetAt) = (now, _time.GetTimestamp());
        Self.Tell(CheckExpiry.Instance);
    }

    private CanaryStatus? CanaryNow()
    {
        _canary.Check(_settings.Canary);
        return _canary.Status;
    }

    private void OnCheckExpiry()
    {
        if (_fromFiles is null || _fromLocalCa is null || _fromAcme is null)
            return;
        // Renews what the local CA has issued, and puts an expired certificate behind a valid one.
        AskLocalCa();
        ReportExpiry();
    }

    private void ReportExpiry()
    {
        DateTimeOffset now = _time.GetUtcNow();
        bool daily = now - _lastDailyReport >= TimeSpan.FromDays(1);
        if (daily)
            _lastDailyReport = now;
        HashSet<ServerCertificate> acme = [.. _fromAcme!.Certificates];
        foreach (ServerCertificate certificate in Certified())
        {
            TimeSpan left = certificate.NotAfter - now;
            // One of six days is always about to expire by the measure of others; one that is renewed is late when a quarter of its life is left.
            TimeSpan warning = acme.Contains(certificate) ? Shorter(_settings.ExpiryWarning, (certificate.NotAfter - certificate.NotBefore) / 4) : _settings.ExpiryWarning;
            string names = string.Join(", ", certificate.Names);
            if (left <= TimeSpan.Zero && !_published.Current.Shows(certificate))
                continue;
            if (left <= TimeSpan.Zero)
                _log.ServedExpired(certificate.Source, names, certificate.NotAfter);
            else if (left < warning / 3 || (daily && left < warning))
                _log.ExpiresSoon(certificate.Source, names, TimeSpan.FromSeconds((long)left.TotalSeconds), certificate.NotAfter);
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private sealed class Producer(Func<CertificateSupervisor> make) : IIndirectActorProducer
    {
        public Type ActorType => typeof(CertificateSupervisor);

        public ActorBase Produce() => make();

        public void Release(ActorBase actor)
        {
        }
    }
}
