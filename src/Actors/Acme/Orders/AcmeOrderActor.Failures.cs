using Actors443.Acme.Dns;
using Actors443.Acme.Protocol;
using Actors443.Acme.State;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Telemetry;

namespace Actors443.Acme.Orders;

/// <summary>What is done when a step fails: the same step again, another challenge, another issuer, a pause. What is served is never touched.</summary>
internal sealed partial class AcmeOrderActor
{
    // An order that is made is worth asking for again; not for ever.
    private const int PatienceWithOneStep = 5;

    private void OnChallengesFailed(IReadOnlyList<(ChosenChallenge Chosen, string Problem)> failures)
    {
        var failed = new Dictionary<string, IReadOnlyList<string>>(_record.Failed);
        var words = new List<string>();
        foreach ((ChosenChallenge chosen, string problem) in failures)
        {
            string type = chosen.Challenge.Type;
            failed[chosen.Name] = [.. failed.GetValueOrDefault(chosen.Name, []).Append(type).Distinct()];
            words.Add($"{chosen.Name} by {type}: {problem}{(_responder.Remark(chosen) is { } remark ? $" ({remark})" : "")}");
        }

        bool another = failures.All(failure => ChallengeResponder.Choose(
            new AcmeIdentifier(failure.Chosen.Authorization.Identifier.Type, failure.Chosen.Name),
            _context.Types,
            null,
            failed[failure.Chosen.Name],
            offered => failure.Chosen.Authorization.Find(offered) is not null) is not null);
        var problems = new AcmeException(AcmeFailure.Refused, $"{Account.Name} could not validate {string.Join("; ", words)}.");
        if (!another)
        {
            // All begin anew next time: what was wrong may be right then.
            foreach ((ChosenChallenge chosen, _) in failures)
                failed.Remove(chosen.Name);
            _record = _record with { Failed = failed };
            Fail(problems, dropOrder: true);
            return;
        }

        _record = _record.WithoutOrder() with { Failed = failed };
        Tell($"{problems.Message} Another challenge is tried next.");
        _context.Parts.Metrics.Ordered(IssuerName, "challenge-failed");
        Keep(_record);
        EndTurn();
        Begin();
    }

    private void OnInvalid(OrderLookedAt looked)
    {
        // Decided while we were not looking: by what we had published, as far as is known.
        (ChosenChallenge, string)[] failed = [.. looked.Authorizations
            .Where(authorization => authorization.Status == AcmeStatus.Invalid)
            .Select(authorization => (authorization, challenge: authorization.Challenges.FirstOrDefault(challenge => challenge.Error is not null)))
            .Where(pair => pair.challenge is not null && AcmeChallengeType.All.Contains(pair.challenge.Type))
            .Select(pair => (new ChosenChallenge(pair.authorization, pair.challenge!, "", null), pair.challenge!.Error!.ToString()))];
        if (failed.Length > 0)
            OnChallengesFailed(failed);
        else
            Fail(new AcmeException(AcmeFailure.Refused, $"{Account.Name} has made the order invalid: {looked.Order.Error?.ToString() ?? "it does not say why"}.") { Problem = looked.Order.Error }, dropOrder: true);
    }

    private void Fail(Exception cause, bool dropOrder = false)
    {
        if (cause is OperationCanceledException && _stopped.IsCancellationRequested)
            return;
        var acme = cause as AcmeException;
        if (_state is AcmeOrderState.Waiting or AcmeOrderState.BackingOff)
        {
            OnRenewalUnknown(cause);
            return;
        }

        string problem = Describe(cause);
        if (acme?.Is("alreadyReplaced") == true && !_withoutReplaces)
        {
            _withoutReplaces = true;
            AgainAtOnce($"{problem} The order is made without naming what it replaces.");
        }
        else if (acme?.Is("accountDoesNotExist") == true && _record.StepFailures == 0)
        {
            ForgetAccount();
            _record = _record with { StepFailures = 1 };
            AgainAtOnce($"{problem} The account is made again with the same key.");
        }
        else if (!dropOrder && _record.Order is not null && IsWorthTheSameStep(cause) && _record.StepFailures < PatienceWithOneStep)
            SameStepLater(problem, acme?.RetryAfter);
        else
            NextIssuerOrLater(problem, acme);
    }

    private void AgainAtOnce(string why)
    {
        int failures = _record.StepFailures;
        Tell(why);
        Keep(_record.WithoutOrder() with { StepFailures = failures });
        // The turn is ours still, and what it was granted for was not made.
        Order();
    }

    private void ForgetAccount()
    {
        IssuerAccount issuer = Account;
        // Done already when it is there, since an order was just refused in its name.
        if (issuer.GetAsync(_stopped.Token) is { IsCompletedSuccessfully: true } known)
            issuer.Forget(known.Result);
    }

    private void SameStepLater(string problem, TimeSpan? retryAfter)
    {
        int failures = _record.StepFailures + 1;
        DateTimeOffset next = _context.Now + Longer(Pause(failures), retryAfter);
        Tell($"{problem} The same step is tried again at {next:u}.");
        Keep(_record with { StepFailures = failures, NextAttempt = next, LastFailure = problem });
        _context.Log.AcmeFailed(NamesText, Account.Name, problem, next);
        EndTurn();
        Look();
    }

    private void NextIssuerOrLater(string problem, AcmeException? acme)
    {
        DateTimeOffset now = _context.Now;
        string issuer = IssuerName;
        string accountName = Account.Name;
        _context.Parts.Metrics.Ordered(issuer, acme?.Failure.ToString() ?? "failed");
        var notBefore = new Dictionary<string, DateTimeOffset>(_record.NotBefore.Where(pair => pair.Value > now));
        if (acme?.RetryAfter is { } wait)
            notBefore[issuer] = now + wait;
        AcmeIssuerSettings? other = _context.Settings.Issuers.SkipWhile(one => one.Name != issuer).Skip(1).FirstOrDefault(one => !notBefore.ContainsKey(one.Name));
        DropKey();
        _record = _record.WithoutOrder() with { NotBefore = notBefore, LastFailure = problem };
        if (other is not null)
        {
            Tell($"{problem} {other.Name} is asked instead.");
            Keep(_record with { Issuer = other.Name });
            EndTurn();
            Begin();
            return;
        }

        int failures = _record.Failures + 1;
        DateTimeOffset next = now + Pause(failures);
        // With every issuer busy the first that is ready says when.
        if (_context.Settings.Issuers.All(one => notBefore.TryGetValue(one.Name, out DateTimeOffset moment) && moment > next))
            next = notBefore.Values.Min();
        Tell($"{problem} The next attempt is at {next:u}.");
        Keep(_record with { Issuer = null, Failures = failures, PassedStaging = false, NextAttempt = next });
        _context.Log.AcmeFailed(NamesText, accountName, problem, next);
        EndTurn();
        Look();
    }

    /// <summary>Doubles with each failure, with jitter, so that those that failed together do not come back together.</summary>
    private TimeSpan Pause(int failures)
    {
        double seconds = Math.Min(_context.Settings.RetryMinimum.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 30)), _context.Settings.RetryMaximum.TotalSeconds);
        return TimeSpan.FromSeconds(seconds * (0.75 + 0.25 * Random.Shared.NextDouble()));
    }

    private static TimeSpan Longer(TimeSpan pause, TimeSpan? other) => other > pause ? other.Value : pause;

    private static bool IsWorthTheSameStep(Exception cause) => cause is AcmeException { IsTransient: true } or DnsChallengeException or IOException;

    private static string Describe(Exception cause) => cause switch
    {
        AcmeException or DnsChallengeException or CertificateException => Sentence(cause.Message),
        IOException or UnauthorizedAccessException => Sentence($"The state directory cannot be written: {cause.Message}"),
        _ => Sentence($"{cause.GetType().Name}: {cause.Message}"),
    };

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";
}
