using Actors443.Acme.Protocol;
using Actors443.Acme.State;
using Actors443.Certificates;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Acme.Orders;

/// <summary>
/// The certificate of one name set, for life: orders it, shows the CA what it asks for, installs it, and begins anew when it is to be renewed. What a step needs is on
/// disk before the step is taken, so that a crash at any point goes on where it was; what comes back carries the number of its attempt, and late answers are ignored.
/// Here are its states and what it does in time; the steps of an order are in <c>.Steps</c>, failures in <c>.Failures</c>, renewal in <c>.Renewal</c>.
/// </summary>
internal sealed partial class AcmeOrderActor : UntypedActor, IWithTimers
{
    // A clock that is set changes what is due; it is looked at this often.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan PauseAfterCrash = TimeSpan.FromSeconds(2);

    // Over all orders and their restarts, so that nothing that comes late fits by chance.
    private static long _attempts;

    private readonly AcmeContext _context;
    private readonly NameSetFolder _folder;
    private readonly IReadOnlyList<AcmeIdentifier> _identifiers;
    private readonly ChallengeResponder _responder;
    private readonly CancellationTokenSource _stopped = new();
    private OrderRecord _record;
    private AcmeOrderState _state = AcmeOrderState.Waiting;
    private ServerCertificate? _certificate;
    private long _attempt;
    private bool _isPaused;

    public AcmeOrderActor(AcmeContext context, NameSetFolder folder)
    {
        _context = context;
        _folder = folder;
        _identifiers = [.. folder.Names.Select(AcmeIdentifier.Parse)];
        _responder = new ChallengeResponder(context);
        _record = new OrderRecord { Names = folder.Names };
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private string NamesText => string.Join(", ", _folder.Names);

    private string IssuerName => _record.Issuer ?? _context.Settings.Issuers[0].Name;

    private IssuerAccount Account => _context.Account(IssuerName, _record.OnStaging);

    protected override void PreStart()
    {
        Load();
        Look();
    }

    protected override void PostStop()
    {
        _stopped.Cancel();
        _stopped.Dispose();
        _responder.Withdraw();
        _key?.Dispose();
        Context.Parent.Tell(TurnOver.Instance);
    }

    // Lest it fail in a loop.
    protected override void PostRestart(Exception reason)
    {
        _context.Log.AcmeActorFailed(reason, Self.Path.Name, PauseAfterCrash);
        Load();
        Timers.StartSingleTimer(nameof(SeeWhatIsDue), SeeWhatIsDue.Instance, PauseAfterCrash);
    }

    protected override void OnReceive(object message)
    {
        try
        {
            Take(message);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            Pause(cause);
        }
    }

    /// <summary>What cannot be kept is not done. From here it goes on with what is on disk, when that can be written again.</summary>
    private void Pause(Exception cause)
    {
        DateTimeOffset next = _context.Now + _context.Settings.RetryMinimum;
        string problem = Describe(cause);
        _context.Log.AcmeFailed(NamesText, Account.Name, problem, next);
        _attempt = NextAttempt();
        _responder.Withdraw();
        _validating = [];
        _record = _record with { LastFailure = problem, NextAttempt = next };
        Enter(AcmeOrderState.BackingOff);
        _isPaused = true;
        Context.Parent.Tell(TurnOver.Instance);
        Timers.StartSingleTimer(nameof(SeeWhatIsDue), SeeWhatIsDue.Instance, _context.Settings.RetryMinimum);
    }

    private void GoOn()
    {
        if (_isPaused)
        {
            _isPaused = false;
            DropKey();
            Load();
        }

        Look();
    }

    private void Take(object message)
    {
        switch (message)
        {
            case SeeWhatIsDue when _state is AcmeOrderState.Waiting or AcmeOrderState.BackingOff:
                GoOn();
                break;
            case TurnGranted granted when _state == AcmeOrderState.Queued && granted.Attempt == _attempt:
                OnTurn();
                break;
            case TurnGranted when _state is AcmeOrderState.Waiting or AcmeOrderState.BackingOff or AcmeOrderState.Queued:
                Context.Parent.Tell(TurnOver.Instance);
                break;
            case AskAgain again when again.Attempt == _attempt:
                OnAskAgain();
                break;
            case StepDone done when done.Attempt == _attempt:
                OnStepDone(done.Result);
                break;
            case StepFailed failed when failed.Attempt == _attempt:
                Fail(failed.Cause);
                break;
            case DnsRecordsCleaned cleaned:
                OnDnsRecordsCleaned(cleaned);
                break;
            case RenewCertificate:
                OnRenew();
                break;
            case ExplainCertificate:
                Sender.Tell(Story());
                break;
            case SeeWhatIsDue or TurnGranted or AskAgain or StepDone or StepFailed:
                // Late: of an attempt that is over.
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Load()
    {
        _record = _folder.Load(out string? problem);
        var problems = new List<string>();
        if (problem is not null)
            problems.Add($"{problem}; begun anew");
        if (_folder.LoadNewest(_context.Now, problems) is (ServerCertificate loaded, long generation))
        {
            ServerCertificate named = loaded with { Source = SourceOf(_record.IssuedBy) };
            _certificate = _context.Parts.Published.Current.Certificates.FirstOrDefault(served => served.ShowsTheSameAs(named) && served.Source == named.Source) ?? named;
            // Installed, and cut off before that was written down.
            if (_record.Generation != generation)
                _record = _record with { Generation = generation, RenewAt = null, AskRenewalAt = null, Window = null };
        }

        foreach (string line in problems)
            _context.Log.AcmeStateUnusable(line);
        // An issuer that is not configured any more has nothing to say.
        if (_context.Issuer(_record.Issuer) is not { } issuer || (_record.OnStaging && issuer.Staging is null))
            _record = _record.WithoutOrder() with { Issuer = null };
        Context.Parent.Tell(new NameSetLoaded(_folder.Id, _certificate));
    }

    /// <summary>Does what is due, or waits for what comes first.</summary>
    private void Look()
    {
        DateTimeOffset now = _context.Now;
        if (_record.Step == OrderStep.None && _record.DnsRecords.Count > 0)
            CleanUpDns();
        bool wanted = _record.Step != OrderStep.None || _certificate is null || RenewAt <= now;
        if (wanted && (_record.NextAttempt is not { } next || next <= now))
        {
            if (_record.Step == OrderStep.None)
                Begin();
            else
                Queue();
            return;
        }

        Enter(wanted ? AcmeOrderState.BackingOff : AcmeOrderState.Waiting);
        if (wanted && _certificate is null)
            Context.Parent.Tell(new OrderPaused(_folder.Names, _record.LastFailure, _record.NextAttempt!.Value));
        DateTimeOffset due = wanted ? _record.NextAttempt!.Value : RenewAt;
        if (!wanted && AskRenewalDue(now) is { } ask && ask < due)
            due = ask;
        TimeSpan wait = DueTime.Wait(due, now, LongestWait);
        Timers.StartSingleTimer(nameof(SeeWhatIsDue), SeeWhatIsDue.Instance, wait);
    }

    private void Queue()
    {
        Enter(AcmeOrderState.Queued);
        _attempt = NextAttempt();
        // Whether the CA made an order that was asked for is not known; another one is.
        Context.Parent.Tell(new RequestTurn(Account, _record.Step is OrderStep.None or OrderStep.Ordering, _attempt));
    }

    private void OnRenew()
    {
        if (_state is not (AcmeOrderState.Waiting or AcmeOrderState.BackingOff))
        {
            Sender.Tell(new RenewalAnswer(true, $"An order for {NamesText} is under way ({_state})."));
            return;
        }

        Sender.Tell(new RenewalAnswer(true, $"Ordering a certificate for {NamesText}; actors443 certs why {_folder.Names[0]} tells how it goes."));
        Keep((_certificate is null ? _record : _record with { RenewAt = _context.Now }) with { NextAttempt = null, NotBefore = new Dictionary<string, DateTimeOffset>() });
        Tell("Asked for by the operator.");
        Look();
    }

    private CertificateStory Story()
    {
        string served = _certificate is { } certificate
            ? $"The certificate of {_record.IssuedBy ?? "before"} (generation {_record.Generation}) is served until {certificate.NotAfter:u}."
            : "There is no certificate by ACME yet; that of the local CA is served.";
        string next = _state switch
        {
            AcmeOrderState.Waiting => $"It is renewed at {RenewAt:u}{(_record.Window is { } window ? $", in the window that the CA named ({window.Start:u} to {window.End:u})" : "")}.",
            AcmeOrderState.BackingOff => $"The last order failed: {_record.LastFailure} The next attempt is at {_record.NextAttempt:u}.",
            AcmeOrderState.Queued => "An order waits for its turn: budget and orders at once are limited.",
            _ => $"An order is under way: {_state}.",
        };
        return new CertificateStory(_folder.Names, _state.ToString(), $"{served} {next}", _record.Story);
    }

    private void Enter(AcmeOrderState state)
    {
        _state = state;
        _context.Parts.Statuses.Set(_folder.Id, new NameSetStatus(_folder.Names, state)
        {
            Thumbprint = _certificate?.Thumbprint,
            Generation = _record.Generation,
            RenewAt = _certificate is null ? null : RenewAt,
            NextAttempt = state == AcmeOrderState.BackingOff ? _record.NextAttempt : null,
            LastFailure = _record.LastFailure,
        });
    }

    private void Keep(OrderRecord record)
    {
        _folder.Save(record);
        _context.Parts.Replication.Changed(_folder.Entry);
        _record = record;
    }

    /// <summary>Adds a line to the story; it is on disk with what is kept next.</summary>
    private void Tell(string text)
    {
        _record = _record.Told(_context.Now, text);
        _context.Log.AcmeStep(NamesText, text);
    }

    private void Run(Func<CancellationToken, Task<object>> step)
    {
        long attempt = _attempt = NextAttempt();
        CancellationToken stop = _stopped.Token;
        AgreedAsync().PipeTo(Self, success: result => new StepDone(attempt, result), failure: cause => new StepFailed(attempt, cause));

        // What the step needs is kept, and in a cluster not by this node alone: another goes on from there.
        async Task<object> AgreedAsync()
        {
            await _context.Parts.Replication.AgreedAsync(_folder.Entry, stop);
            return await step(stop);
        }
    }

    private static long NextAttempt() => Interlocked.Increment(ref _attempts);

    /// <summary>How certificates of that issuer are shown.</summary>
    public static string SourceOf(string? issuer) => issuer is null ? "ACME" : $"ACME ({issuer})";
}
