using Actors443.Acme.OnDemand;
using Actors443.Acme.State;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Acme.Orders;

/// <summary>
/// Has one <see cref="AcmeOrderActor"/> for every name set, says whose turn it is with which CA, and tells its parent what is to be served. One for one: an order that
/// fails begins anew from what it has kept, and the others do not notice.
/// </summary>
internal sealed class AcmeSupervisor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan LongestLoad = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan BetweenReports = TimeSpan.FromMilliseconds(250);

    private readonly AcmeParts _parts;
    private readonly Dictionary<string, NameSet> _sets = [];
    private readonly Dictionary<IActorRef, string> _ids = [];
    private readonly Dictionary<string, Obtained> _obtained = [];
    private readonly List<(IActorRef Order, RequestTurn Request)> _waiting = [];
    private readonly HashSet<IActorRef> _running = [];
    private readonly HashSet<IActorRef> _stopping = [];
    private readonly HashSet<string> _leaving = [];
    private readonly HashSet<string> _loading = [];
    private AcmeSettings _settings;
    private AcmeContext _context;
    private IActorRef _onDemand = ActorRefs.Nobody;
    private int _starts;
    private bool _changed;

    /// <param name="settings">Those in force, asked for at every start.</param>
    /// <param name="parts">What outlives them.</param>
    public AcmeSupervisor(Func<AcmeSettings> settings, AcmeParts parts)
    {
        _settings = settings();
        _parts = parts;
        _context = new AcmeContext(_settings, parts);

        Receive<NameSetLoaded>(OnLoaded);
        Receive<CertificateInstalled>(OnInstalled);
        Receive<RequestTurn>(request =>
        {
            _waiting.Add((Sender, request));
            Grant();
        });
        Receive<TurnOver>(_ =>
        {
            Forget(Sender);
            Grant();
        });
        Receive<GrantTurns>(_ => Grant());
        Receive<ReportCertificates>(_ => OnReport());
        Receive<StopWaitingForSets>(_ => Report(evenIfLoading: true));
        Receive<ApplyAcmeSettings>(OnApply);
        Receive<ObtainCertificate>(OnObtain);
        Receive<ForgetCertificate>(OnForget);
        Receive<OrderPaused>(paused => _onDemand.Forward(paused));
        Receive<WantCertificate>(wanted => _onDemand.Forward(wanted));
        Receive<NamesAskedFor>(asked => _onDemand.Forward(asked));
        Receive<CertificatesPublished>(published => _onDemand.Forward(published));
        Receive<Terminated>(OnTerminated);
        Receive<RenewCertificate>(renew => Find(renew.Name, order => order.Forward(renew), () => Sender.Tell(new RenewalAnswer(false, CertificateStory.None(renew.Name).Summary))));
        Receive<ExplainCertificate>(explain => Find(explain.Name, order => order.Forward(explain), () => Sender.Tell(Former(explain.Name))));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    // Those that stop still have their names.
    private string Suffix => _starts == 1 ? "" : $"-{_starts}";

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart, loggingEnabled: false);

    protected override void PreStart()
    {
        StartSets();
        StartOnDemand();
        if (!_parts.Serving.IsCompleted)
            _parts.Serving.PipeTo(Self, success: static () => GrantTurns.Instance);
    }

    protected override void PostStop() => _context.Dispose();

    private void StartSets()
    {
        _starts++;
        IReadOnlyList<string>[] wanted = [.. _settings.Names.Concat(_obtained.Values.Select(obtained => obtained.Names)).DistinctBy(NameSetFolder.IdOf)];
        HashSet<string> ids = [.. wanted.Select(NameSetFolder.IdOf)];
        foreach (string gone in _sets.Keys.Where(id => !ids.Contains(id)).ToArray())
        {
            _sets.Remove(gone);
            _parts.Statuses.Remove(gone);
        }

        if (wanted.Length > 0 || _context.IsOnDemand)
            _parts.Challenges.Http.Claim();
        foreach (IReadOnlyList<string> names in wanted)
            Start(names);
        Timers.StartSingleTimer(nameof(StopWaitingForSets), StopWaitingForSets.Instance, LongestLoad);
        Report();
    }

    private void StartOnDemand() => _onDemand = Context.ActorOf(Props.Create<OnDemandActor>(_context), ActorNames.OnDemand + Suffix);

    private void Start(IReadOnlyList<string> names)
    {
        var folder = new NameSetFolder(_parts.StateDirectory, names);
        IActorRef order = Context.ActorOf(Props.Create<AcmeOrderActor>(_context, folder), $"order-{folder.Id}{Suffix}");
        Context.Watch(order);
        _ids[order] = folder.Id;
        _sets[folder.Id] = new NameSet(names, order, _sets.GetValueOrDefault(folder.Id)?.Certificate);
        _loading.Add(folder.Id);
    }

    private void OnLoaded(NameSetLoaded loaded)
    {
        if (!_ids.ContainsKey(Sender) || !_sets.TryGetValue(loaded.Id, out NameSet? set))
            return;
        _loading.Remove(loaded.Id);
        // What is served stays, even if its file is gone.
        _sets[loaded.Id] = set with { Certificate = loaded.Certificate ?? set.Certificate };
        Report();
    }

    private void OnInstalled(CertificateInstalled installed)
    {
        if (!_ids.ContainsKey(Sender) || !_sets.TryGetValue(installed.Id, out NameSet? set))
            return;
        _sets[installed.Id] = set with { Certificate = installed.Certificate };
        // A publication is of all certificates: of many that come at once not each has one.
        if (Timers.IsTimerActive(nameof(ReportCertificates)))
            _changed = true;
        else
        {
            Report();
            Timers.StartSingleTimer(nameof(ReportCertificates), ReportCertificates.Instance, BetweenReports);
        }
    }

    private void OnReport()
    {
        if (!_changed)
            return;
        _changed = false;
        Report();
        Timers.StartSingleTimer(nameof(ReportCertificates), ReportCertificates.Instance, BetweenReports);
    }

    private void Report(bool evenIfLoading = false)
    {
        // One publication for all that are loaded at a start.
        if (_loading.Count > 0 && !evenIfLoading)
            return;
        Context.Parent.Tell(new AcmeCertificatesChanged([.. _sets.Values.Select(set => set.Certificate).OfType<ServerCertificate>()]));
    }

    private void OnApply(ApplyAcmeSettings apply)
    {
        _settings = apply.Settings;
        // Each order goes on from what it has kept, under the new settings, once the old one has stopped: two must not work in one folder.
        foreach (NameSet set in _sets.Values.Where(set => _ids.ContainsKey(set.Order)))
        {
            _stopping.Add(set.Order);
            Context.Stop(set.Order);
        }

        // What was on demand is asked for again, as far as that is permitted then.
        foreach (string id in _obtained.Where(pair => pair.Value.OnDemand).Select(pair => pair.Key).ToArray())
            _obtained.Remove(id);
        _stopping.Add(_onDemand);
        Context.Watch(_onDemand);
        Context.Stop(_onDemand);
    }

    private void OnTerminated(Terminated gone)
    {
        Forget(gone.ActorRef);
        _ids.Remove(gone.ActorRef, out string? id);
        if (_stopping.Remove(gone.ActorRef) && _stopping.Count == 0)
            Restart();
        else if (id is not null && _leaving.Remove(id) && _stopping.Count == 0 && _obtained.TryGetValue(id, out Obtained? again))
            Start(again.Names);
    }

    private void Restart()
    {
        _context.Dispose();
        _context = new AcmeContext(_settings, _parts);
        _leaving.Clear();
        StartSets();
        StartOnDemand();
    }

    private void OnObtain(ObtainCertificate obtain)
    {
        string id = NameSetFolder.IdOf(obtain.Names);
        if (_sets.ContainsKey(id) || _stopping.Contains(Sender))
            return;
        _obtained[id] = new Obtained(obtain.Names, Sender.Equals(_onDemand));
        // Two must not work in one folder.
        if (_stopping.Count == 0 && !_leaving.Contains(id))
            Start(obtain.Names);
    }

    private void OnForget(ForgetCertificate forget)
    {
        string id = NameSetFolder.IdOf(forget.Names);
        if (!_obtained.Remove(id) || !_sets.Remove(id, out NameSet? set))
            return;
        _parts.Statuses.Remove(id);
        _loading.Remove(id);
        if (_ids.ContainsKey(set.Order) && !_stopping.Contains(set.Order))
        {
            _leaving.Add(id);
            Context.Stop(set.Order);
        }

        if (set.Certificate is not null)
            Report();
    }

    private void Find(string name, Action<IActorRef> found, Action none)
    {
        NameSet? set = _sets.Values.FirstOrDefault(set => set.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
            ?? _sets.Values.FirstOrDefault(set => set.Names.Any(own => CertificateValidation.Covers(own, name)));
        if (set is null)
            none();
        else
            found(set.Order);
    }

    /// <summary>Of an order that is over: what it has left on disk.</summary>
    private CertificateStory Former(string name)
    {
        OrderRecord record = new NameSetFolder(_parts.StateDirectory, [name]).Load(out _);
        return record.Story.Count == 0
            ? CertificateStory.None(name)
            : new CertificateStory(record.Names, "none", $"{name} has no certificate by ACME any more, or none yet; this is the story of its last order.{(record.LastFailure is { } failure ? $" It failed: {failure}" : "")}", record.Story);
    }

    private void Forget(IActorRef order)
    {
        _running.Remove(order);
        _waiting.RemoveAll(waiting => waiting.Order.Equals(order));
    }

    private void Grant()
    {
        if (!_parts.Serving.IsCompleted)
            return;
        DateTimeOffset now = _context.Now;
        var exhausted = new Dictionary<IssuerAccount, DateTimeOffset>();
        for (int i = 0; i < _waiting.Count && _running.Count < _settings.OrdersAtOnce;)
        {
            (IActorRef order, RequestTurn request) = _waiting[i];
            if (request.IsNewOrder && !exhausted.ContainsKey(request.Account) && request.Account.Budget.TrySpend(now) is { } until)
                exhausted.Add(request.Account, until);
            if (request.IsNewOrder && exhausted.ContainsKey(request.Account))
            {
                i++;
                continue;
            }

            if (request.IsNewOrder)
                _parts.Replication.Changed(request.Account.Entry);
            _waiting.RemoveAt(i);
            _running.Add(order);
            order.Tell(new TurnGranted(request.Attempt));
        }

        foreach ((IssuerAccount account, DateTimeOffset until) in exhausted)
        {
            TimeSpan wait = until - now;
            if (!Timers.IsTimerActive(account.Name))
                _context.Log.AcmeBudgetUsed(account.Name, _waiting.Count(waiting => waiting.Request.Account == account), until);
            Timers.StartSingleTimer(account.Name, GrantTurns.Instance, wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1));
        }
    }

    /// <param name="Names">Besides those of the settings.</param>
    /// <param name="OnDemand">For a client, until the settings change.</param>
    private sealed record Obtained(IReadOnlyList<string> Names, bool OnDemand);

    private sealed record NameSet(IReadOnlyList<string> Names, IActorRef Order, ServerCertificate? Certificate);
}
