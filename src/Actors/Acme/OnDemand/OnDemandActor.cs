using System.Net;
using Actors443.Acme.Orders;
using Actors443.Acme.Protocol;
using Actors443.Configuration;
using Actors443.Telemetry;
using Actors443.Tls.Deciding;
using Akka.Actor;

namespace Actors443.Acme.OnDemand;

/// <summary>
/// Has certificates ordered for names that clients ask for: once for each name, however many wait for it. First whoever is to permit it is asked, then the supervisor of
/// orders, and when the certificate is published all handshakes that wait go on. Names that nobody asks for any more, or that are no longer permitted, are let go.
/// </summary>
internal sealed class OnDemandActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenReviews = TimeSpan.FromHours(1);
    private static readonly TimeSpan PermissionLasts = TimeSpan.FromDays(1);

    // Whoever could not be asked may be back soon.
    private static readonly TimeSpan UntilAskedAgain = TimeSpan.FromSeconds(10);

    private readonly OnDemandGate _gate;
    private readonly AcmeContext _context;
    private readonly OnDemandNames _kept;
    private readonly Dictionary<string, WantedName> _wanted = [];
    private readonly Dictionary<string, KeptName> _names = [];
    private readonly Queue<string> _toReview = [];
    private readonly CancellationTokenSource _stopped = new();
    private readonly ICertificatePermission[] _permissions;
    private readonly HttpPermission? _http;
    private readonly AcmeOnDemandSettings _settings;
    private long _attempts;

    /// <param name="context">Settings and log.</param>
    public OnDemandActor(AcmeContext context)
    {
        _context = context;
        _gate = context.Parts.OnDemand;
        _settings = context.Settings.OnDemand.Effective;
        _kept = new OnDemandNames(context.Parts.StateDirectory, context.Parts.Replication);
        _http = _settings.Ask is { } url ? new HttpPermission(url, _settings.AskTimeout) : null;
        _permissions = [.. _http is null ? [] : new ICertificatePermission[] { _http }, .. context.Parts.Permissions];
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        if (!_context.IsOnDemand)
        {
            _gate.Open(null, ActorRefs.Nobody);
            return;
        }

        foreach ((string name, DateTimeOffset lastAsked) in _kept.Load())
        {
            if (_settings.Lists(name))
                Keep(name, lastAsked, permittedAt: lastAsked);
            else
                LetGo(name, "certificates.acme.on-demand.names does not have it any more");
        }

        foreach (string name in _names.Keys)
            Context.Parent.Tell(new ObtainCertificate([name]));
        _gate.Open(_settings, Self);
        Timers.StartPeriodicTimer(nameof(ReviewNames), ReviewNames.Instance, BetweenReviews);
    }

    protected override void PostStop()
    {
        _gate.Open(null, ActorRefs.Nobody);
        End();
    }

    // The gate stays open: whoever comes meanwhile is heard by the next.
    protected override void PreRestart(Exception reason, object message)
    {
        _context.Log.AcmeActorFailed(reason, Self.Path.Name, TimeSpan.Zero);
        End();
    }

    private void End()
    {
        _stopped.Cancel();
        _stopped.Dispose();
        _http?.Dispose();
        foreach (WantedName wanted in _wanted.Values)
            Refuse(wanted, "certificates on demand start anew; try again");
        NoteUse();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case CertificateWanted wanted:
                OnWanted(wanted);
                break;
            case WantCertificate wanted:
                OnWantedElsewhere(wanted);
                break;
            case NamesAskedFor asked:
                foreach (string name in asked.Names)
                    _gate.AskedFor(name);
                break;
            case PermissionAnswered answered:
                OnAnswered(answered);
                break;
            case CertificatesPublished:
                OnPublished();
                break;
            case OrderPaused paused:
                OnPaused(paused);
                break;
            case ForgetAbandoned:
                OnForgetAbandoned();
                break;
            case ReviewNames:
                OnReview();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnWanted(CertificateWanted asked)
    {
        string name = asked.Name;
        if (_gate.IsServed(name))
        {
            Accept(asked.Reply, OnDemandOutcome.Served);
            return;
        }

        if (!_wanted.TryGetValue(name, out WantedName? wanted))
        {
            if (_wanted.Count >= _settings.NamesAtOnce)
            {
                _gate.Answered();
                _gate.Refuse(asked.Reply, OnDemandOutcome.Busy, "too many names wait for certificates on demand (certificates.acme.on-demand.names-at-once)");
                return;
            }

            wanted = new WantedName(name, asked.Client);
            _wanted.Add(name, wanted);
            wanted.Waiting.Add(asked.Reply);
            Begin(wanted);
        }
        else
            wanted.Waiting.Add(asked.Reply);

        if (!Timers.IsTimerActive(nameof(ForgetAbandoned)))
            Timers.StartPeriodicTimer(nameof(ForgetAbandoned), ForgetAbandoned.Instance, BetweenLooks);
    }

    // As one that waits here: by the same rules, and the answer goes to the node that asks.
    private void OnWantedElsewhere(WantCertificate wanted)
    {
        IActorRef asker = Sender;
        if (IPAddress.TryParse(wanted.Client, out IPAddress? client) && _gate.Want(wanted.Name, client) is { } reply)
        {
            var waiter = new DistantHandshake(wanted.Name, reply, _gate, asker);
            if (!reply.Attach(waiter))
                waiter.Decided();
        }
        else
            asker.Tell(new CertificateDecided(wanted.Name, _gate.IsServed(wanted.Name), IsRefused: false, null));
    }

    private void Begin(WantedName wanted)
    {
        // It has one, which is being loaded or has ended.
        if (_names.ContainsKey(wanted.Name))
            Order(wanted);
        else if (!IsCertifiable(wanted.Name))
            Deny(wanted, "no CA certifies such a name");
        else if (_permissions.Length == 0)
            Order(wanted);
        else
            wanted.Attempt = AskPermission(wanted.Name, wanted.Client);
    }

    private long AskPermission(string name, IPAddress? client)
    {
        long attempt = ++_attempts;
        CancellationToken stop = _stopped.Token;
        AskAllAsync().PipeTo(
            Self,
            success: permission => new PermissionAnswered(name, attempt, permission, null),
            failure: cause => new PermissionAnswered(name, attempt, null, cause is PermissionException ? cause.Message : $"{cause.GetType().Name}: {cause.Message}"));
        return attempt;

        async Task<CertificatePermission> AskAllAsync()
        {
            foreach (ICertificatePermission one in _permissions)
            {
                if (await one.AskAsync(name, client, stop) is { IsGiven: false } denied)
                    return denied;
            }

            return CertificatePermission.Given;
        }
    }

    private void OnAnswered(PermissionAnswered answered)
    {
        if (_names.TryGetValue(answered.Name, out KeptName? kept) && kept.Attempt == answered.Attempt)
        {
            OnReviewed(kept, answered);
            return;
        }

        if (!_wanted.TryGetValue(answered.Name, out WantedName? wanted) || wanted.Attempt != answered.Attempt || wanted.IsOrdered)
            return;
        if (answered.Permission is { IsGiven: true })
            Order(wanted);
        else if (answered.Permission is { } denied)
            Deny(wanted, denied.Why ?? "it is not permitted");
        else
        {
            _context.Log.OnDemandNotAsked(wanted.Name, answered.Problem!, UntilAskedAgain);
            _gate.RefuseUntil(wanted.Name, _context.Now + Shorter(UntilAskedAgain, _settings.RefusedFor));
            Refuse(wanted, answered.Problem!);
        }
    }

    private void Order(WantedName wanted)
    {
        wanted.IsOrdered = true;
        _context.Log.OnDemandOrdered(wanted.Name, wanted.Client);
        Context.Parent.Tell(new ObtainCertificate([wanted.Name]));
    }

    private void Deny(WantedName wanted, string why)
    {
        _wanted.Remove(wanted.Name);
        _context.Log.OnDemandDenied(wanted.Name, why, _settings.RefusedFor);
        _gate.RefuseUntil(wanted.Name, _context.Now + _settings.RefusedFor);
        foreach (HandshakeReply reply in wanted.Waiting)
            Accept(reply, OnDemandOutcome.Denied);
    }

    private void OnPublished()
    {
        foreach (WantedName wanted in _wanted.Values.Where(wanted => wanted.IsOrdered && _gate.IsServed(wanted.Name)).ToArray())
        {
            _wanted.Remove(wanted.Name);
            // Answered first: a full disk is nothing to them.
            foreach (HandshakeReply reply in wanted.Waiting)
                Accept(reply, OnDemandOutcome.Served);
            if (_names.ContainsKey(wanted.Name))
                continue;
            Keep(wanted.Name, _context.Now, _context.Now);
            // Else, after a restart, it is asked for like a new one, and found on disk if it is there.
            OnDisk(() => _kept.Add(wanted.Name));
        }
    }

    /// <summary>An order waits for time to pass. If that is too long for those who wait, they are told so.</summary>
    private void OnPaused(OrderPaused paused)
    {
        if (paused.Names.Count != 1 || !_wanted.TryGetValue(paused.Names[0], out WantedName? wanted) || !wanted.IsOrdered)
            return;
        TimeSpan pause = paused.Next - _context.Now;
        if (pause < _settings.Wait / 2)
            return;
        _gate.RefuseUntil(wanted.Name, _context.Now + Shorter(pause, _settings.RefusedFor));
        Refuse(wanted, paused.Problem ?? "its order waits");
        // The order goes on from where it is when the name is asked for again; one that has a certificate is renewed whoever asks.
        if (!_names.ContainsKey(wanted.Name))
            Context.Parent.Tell(new ForgetCertificate([wanted.Name]));
    }

    private void OnForgetAbandoned()
    {
        foreach (WantedName wanted in _wanted.Values)
        {
            int gone = wanted.Waiting.RemoveAll(reply => !reply.IsWanted);
            for (int i = 0; i < gone; i++)
            {
                _gate.Answered();
                _context.Parts.Metrics.OnDemand(OnDemandOutcome.Abandoned);
            }
        }

        if (_wanted.Count == 0)
            Timers.Cancel(nameof(ForgetAbandoned));
    }

    private void OnReview()
    {
        NoteUse();
        DateTimeOffset now = _context.Now;
        foreach (string name in _names.Keys.Where(name => _gate.LastAskedFor(name) < now - _settings.Unused).ToArray())
            LetGo(name, $"nobody has asked for it since {_gate.LastAskedFor(name):yyyy-MM-dd}");
        if (_permissions.Length == 0 || _toReview.Count > 0)
            return;
        foreach (KeptName kept in _names.Values.Where(kept => kept.PermittedAt < now - PermissionLasts))
            _toReview.Enqueue(kept.Name);
        ReviewNext();
    }

    // One after another: whoever is asked shall not notice.
    private void ReviewNext()
    {
        while (_toReview.TryDequeue(out string? name))
        {
            if (!_names.TryGetValue(name, out KeptName? kept))
                continue;
            kept.Attempt = AskPermission(name, null);
            return;
        }
    }

    private void OnReviewed(KeptName kept, PermissionAnswered answered)
    {
        kept.Attempt = 0;
        if (answered.Permission is { IsGiven: true })
            kept.PermittedAt = _context.Now;
        else if (answered.Permission is { } denied)
            LetGo(kept.Name, denied.Why ?? "it is not permitted any more");
        ReviewNext();
    }

    private void Keep(string name, DateTimeOffset lastAsked, DateTimeOffset permittedAt)
    {
        _names[name] = new KeptName(name) { PermittedAt = permittedAt };
        _gate.Watch(name, lastAsked);
    }

    private void LetGo(string name, string why)
    {
        NoteUse(name);
        _names.Remove(name);
        _gate.Unwatch(name);
        _context.Log.OnDemandLetGo(name, why);
        // Else it is looked at again after the next start.
        OnDisk(() => _kept.Remove(name));
        Context.Parent.Tell(new ForgetCertificate([name]));
    }

    private void NoteUse()
    {
        foreach (string name in _names.Keys)
            NoteUse(name);
    }

    private void NoteUse(string name)
    {
        if (!_names.TryGetValue(name, out KeptName? kept) || _gate.LastAskedFor(name) is not { } day || day == kept.Noted)
            return;
        OnDisk(() =>
        {
            _kept.Asked(name, day);
            kept.Noted = day;
        });
    }

    /// <summary>What cannot be kept is said, and harms nobody.</summary>
    private void OnDisk(Action change)
    {
        try
        {
            change();
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            _context.Log.AcmeStateUnusable(cause.Message);
        }
    }

    private void Accept(HandshakeReply reply, OnDemandOutcome outcome)
    {
        _gate.Answered();
        _context.Parts.Metrics.OnDemand(reply.Accept() ? outcome : OnDemandOutcome.Abandoned);
    }

    private void Refuse(WantedName wanted, string why)
    {
        _wanted.Remove(wanted.Name);
        foreach (HandshakeReply reply in wanted.Waiting)
        {
            _gate.Answered();
            _gate.Refuse(reply, OnDemandOutcome.Failed, why);
        }
    }

    private static bool IsCertifiable(string name)
    {
        try
        {
            return AcmeIdentifier.Parse(name) is { Type: AcmeIdentifier.Dns, IsWildcard: false } identifier && identifier.Value == name;
        }
        catch (AcmeException)
        {
            return false;
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    /// <summary>A name without a certificate.</summary>
    private sealed class WantedName(string name, IPAddress client)
    {
        public string Name => name;

        /// <summary>Who asked first.</summary>
        public IPAddress Client => client;

        public List<HandshakeReply> Waiting { get; } = [];

        /// <summary>The question for permission that counts.</summary>
        public long Attempt { get; set; }

        public bool IsOrdered { get; set; }
    }

    /// <summary>A name that has had one.</summary>
    private sealed class KeptName(string name)
    {
        public string Name => name;

        public DateTimeOffset PermittedAt { get; set; }

        /// <summary>The day of its last use that is on disk.</summary>
        public DateTimeOffset Noted { get; set; }

        /// <summary>The question whether it still may; 0: none is open.</summary>
        public long Attempt { get; set; }
    }
}
