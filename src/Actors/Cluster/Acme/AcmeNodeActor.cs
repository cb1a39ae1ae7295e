using Actors443.Acme.OnDemand;
using Actors443.Acme.Orders;
using Actors443.Acme.State;
using Actors443.Certificates;
using Actors443.Cluster.Identity;
using Actors443.Configuration;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Cluster.Acme;

/// <summary>
/// Stands on every node of a cluster where a server of its own has its <see cref="AcmeSupervisor"/>: serves what the cluster has, from this node's disk copy, and leads to the one node
/// that orders. On that node the supervisor of orders is below it, and what that says is served at once.
/// </summary>
internal sealed class AcmeNodeActor : UntypedActor, IWithTimers
{
    // A publication is of all certificates: of many that come at once not each has one.
    private static readonly TimeSpan BetweenReports = TimeSpan.FromMilliseconds(250);

    private const string Authority = "authority";

    private readonly AcmeParts _parts;
    private readonly ILogger _log;
    private readonly IActorRef _replica;
    private readonly IActorRef _anyAuthority;
    private readonly Dictionary<string, IReadOnlyList<string>> _wanted = [];
    private readonly Dictionary<string, ServerCertificate> _certificates = [];
    private readonly List<IReadOnlyList<string>> _obtained = [];
    private readonly Dictionary<string, string> _onDemandNames = [];
    private AcmeSettings _settings;
    private IActorRef _onDemand = ActorRefs.Nobody;
    private TakeOver? _takingOver;
    private IActorRef _authority = ActorRefs.Nobody;
    private AcmeCertificatesChanged? _ordered;
    private bool _isChanged;
    // What the cluster has has been reported.
    private bool _isKnown;

    /// <param name="settings">Those in force.</param>
    /// <param name="parts">Of this node.</param>
    /// <param name="cluster">Whose secret seals what nodes tell each other.</param>
    public AcmeNodeActor(Func<AcmeSettings> settings, AcmeParts parts, ClusterSettings cluster)
    {
        _settings = settings();
        _log = parts.Loggers.CreateLogger(LogCategories.Acme);
        var seal = new ClusterSeal(ClusterKeys.Read(cluster));
        _replica = Context.ActorOf(Props.Create<AcmeReplicaActor>(parts.StateDirectory, seal, parts.Challenges, parts.Metrics, parts.Loggers), "replica");
        _parts = parts with { Replication = new ClusterReplication(_replica) };
        ClusterSingleton.Start(Context, Props.Create<AcmeAuthorityActor>(Self, settings, _parts), Authority);
        _anyAuthority = ClusterSingleton.StartProxy(Context, Authority);
    }

    private bool IsOnDemand => _settings.OnDemand.IsOn || _parts.Permissions.Count > 0;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    protected override void PreStart()
    {
        LoadWanted();
        StartOnDemand();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case TakeOver takeOver:
                _authority = takeOver.Authority;
                _takingOver = takeOver;
                if (!StopOnDemand())
                    TakeOver();
                break;
            case Terminated gone when gone.ActorRef.Equals(_onDemand):
                _onDemand = ActorRefs.Nobody;
                if (_authority.IsNobody())
                    StartOnDemand();
                else
                    TakeOver();
                break;
            case StepDown:
                _replica.Forward(message);
                OnSteppedDown();
                break;
            case AcmeCertificatesChanged ordered when !_authority.IsNobody():
                _ordered = ordered;
                Report();
                break;
            case AcmeCertificatesChanged:
                // Of one that has stopped.
                break;
            case EntryApplied applied:
                OnApplied(applied.Entry);
                break;
            case EntriesKnown:
                _isKnown = true;
                Report();
                break;
            case Reported:
                if (_isChanged)
                    Report();
                break;
            case ApplyAcmeSettings apply:
                _settings = apply.Settings;
                LoadWanted();
                _authority.Forward(apply);
                StopOnDemand();
                break;
            case ObtainCertificate obtain:
                _obtained.Add(obtain.Names);
                LoadWanted();
                _anyAuthority.Forward(obtain);
                break;
            case CertificatesPublished:
                if (_isKnown)
                    _parts.Published.AwaitsCluster = false;
                _authority.Forward(message);
                _onDemand.Forward(message);
                break;
            case RenewCertificate or ExplainCertificate:
                _anyAuthority.Forward(message);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void LoadWanted()
    {
        _wanted.Clear();
        _onDemandNames.Clear();
        foreach (IReadOnlyList<string> names in _settings.Names.Concat(_obtained))
            _wanted[NameSetFolder.IdOf(names)] = names;
        foreach ((string name, DateTimeOffset lastAsked) in IsOnDemand ? new OnDemandNames(_parts.StateDirectory, NoReplication.Instance).Load() : [])
            WantOnDemand(name, lastAsked);
        foreach (string gone in _certificates.Keys.Where(id => !_wanted.ContainsKey(id)).ToArray())
            Forget(gone);
        if (_wanted.Count > 0 || IsOnDemand)
            _parts.Challenges.Http.Claim();
        foreach (string id in _wanted.Keys)
            Load(id);
        Report();
    }

    private void OnApplied(string entry)
    {
        // On the node that orders whoever orders knows first.
        if (ReplicatedFiles.IsOnDemand(entry))
        {
            OnNameApplied(entry);
            return;
        }

        if (!_authority.IsNobody() || !ReplicatedFiles.IsNameSet(entry))
            return;
        string id = entry[(NameSetFolder.Entries.Length + 1)..];
        if (!_wanted.ContainsKey(id))
            return;
        Load(id);
        ReportSoon();
    }

    private void OnNameApplied(string entry)
    {
        string id = OnDemandNames.IdIn(entry);
        if (new OnDemandNames(_parts.StateDirectory, NoReplication.Instance).Find(id) is { } name)
        {
            if (_wanted.ContainsKey(id))
                return;
            WantOnDemand(name, _parts.Time.GetUtcNow());
            Load(id);
        }
        else if (_onDemandNames.Remove(id, out string? gone))
        {
            _wanted.Remove(id);
            Forget(id);
            if (_authority.IsNobody())
                _parts.OnDemand.Unwatch(gone);
        }

        ReportSoon();
    }

    private void WantOnDemand(string name, DateTimeOffset lastAsked)
    {
        if (!_settings.OnDemand.Effective.Lists(name))
            return;
        string id = NameSetFolder.IdOf([name]);
        _wanted.TryAdd(id, [name]);
        _onDemandNames[id] = name;
        if (_authority.IsNobody())
            _parts.OnDemand.Watch(name, lastAsked);
    }

    // Both open the same gate: one after the other.
    private void StartOnDemand()
    {
        if (IsOnDemand)
            _onDemand = Context.Watch(Context.ActorOf(Props.Create<OnDemandReplicaActor>(_settings.OnDemand, _parts, _anyAuthority)));
    }

    private bool StopOnDemand()
    {
        if (_onDemand.IsNobody())
        {
            if (_authority.IsNobody())
                StartOnDemand();
            return false;
        }

        Context.Stop(_onDemand);
        return true;
    }

    private void TakeOver()
    {
        if (_takingOver is { } takingOver)
            _replica.Tell(takingOver);
        _takingOver = null;
    }

    private void OnSteppedDown()
    {
        _authority = ActorRefs.Nobody;
        _takingOver = null;
        _ordered = null;
        LoadWanted();
        if (_onDemand.IsNobody())
            StartOnDemand();
    }

    /// <summary>What is served stays, even if its file is gone.</summary>
    private void Load(string id)
    {
        var folder = new NameSetFolder(_parts.StateDirectory, _wanted[id]);
        var problems = new List<string>();
        OrderRecord record = folder.Load(out string? problem);
        if (problem is not null)
            problems.Add(problem);
        if (folder.LoadNewest(_parts.Time.GetUtcNow(), problems) is (ServerCertificate loaded, _))
        {
            ServerCertificate named = loaded with { Source = AcmeOrderActor.SourceOf(record.IssuedBy) };
            _certificates[id] = _parts.Published.Current.Certificates.FirstOrDefault(served => served.ShowsTheSameAs(named) && served.Source == named.Source) ?? named;
        }

        foreach (string line in problems)
            _log.AcmeStateUnusable(line);
        if (_authority.IsNobody())
            ShowStatus(id, record);
    }

    private void ShowStatus(string id, OrderRecord record)
    {
        bool isFailing = record.NextAttempt is not null && record.LastFailure is not null;
        _parts.Statuses.Set(id, new NameSetStatus(_wanted[id], isFailing ? AcmeOrderState.BackingOff : AcmeOrderState.Waiting)
        {
            Thumbprint = _certificates.GetValueOrDefault(id)?.Thumbprint,
            Generation = record.Generation,
            RenewAt = record.RenewAt,
            NextAttempt = isFailing ? record.NextAttempt : null,
            LastFailure = record.LastFailure,
        });
    }

    private void Forget(string id)
    {
        _certificates.Remove(id);
        _parts.Statuses.Remove(id);
    }

    private void ReportSoon()
    {
        _isChanged = true;
        if (!Timers.IsTimerActive(nameof(Reported)))
            Report();
    }

    private void Report()
    {
        _isChanged = false;
        Timers.StartSingleTimer(nameof(Reported), Reported.Instance, BetweenReports);
        Context.Parent.Tell(new AcmeCertificatesChanged(_ordered is { } ordered ? [.. ordered.Certificates, .. NotAskedForYet(ordered)] : [.. _certificates.Values]));
    }

    // When this node has just begun to order, what is on demand is being asked for again; until then it is served from here.
    private IEnumerable<ServerCertificate> NotAskedForYet(AcmeCertificatesChanged ordered)
    {
        HashSet<string> there = [.. ordered.Certificates.SelectMany(certificate => certificate.Names)];
        return _onDemandNames.Where(name => !there.Contains(name.Value)).Select(name => _certificates.GetValueOrDefault(name.Key)).OfType<ServerCertificate>();
    }

    private sealed record Reported
    {
        public static Reported Instance { get; } = new();
    }
}
