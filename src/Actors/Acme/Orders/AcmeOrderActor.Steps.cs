using Actors443.Acme.Challenges;
using Actors443.Acme.Dns;
using Actors443.Acme.Protocol;
using Actors443.Acme.State;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Acme.Orders;

/// <summary>The steps of an order, in the order they are taken.</summary>
internal sealed partial class AcmeOrderActor
{
    // After so many rounds the staging CA is asked first: its limits are wider, and nothing is wasted.
    private const int RoundsBeforeStaging = 3;

    private List<ChosenChallenge> _validating = [];
    private CertificateKey? _key;
    private AcmeOrder? _order;
    private long _since;
    private bool _withoutReplaces;

    private void Begin()
    {
        DateTimeOffset now = _context.Now;
        AcmeIssuerSettings[] ready = [.. _context.Settings.Issuers
            .SkipWhile(issuer => _record.Issuer is not null && issuer.Name != _record.Issuer)
            .Where(issuer => !(_record.NotBefore.TryGetValue(issuer.Name, out DateTimeOffset moment) && moment > now))];
        if (ready.Length == 0)
        {
            DateTimeOffset next = _record.NotBefore.Values.Where(moment => moment > now).DefaultIfEmpty(now + _context.Settings.RetryMinimum).Min();
            Keep(_record with { Issuer = null, NextAttempt = next });
            Look();
            return;
        }

        AcmeIssuerSettings issuer = ready[0];
        bool onStaging = issuer.Staging is not null && _record.Failures >= RoundsBeforeStaging && !_record.PassedStaging;
        _record = _record.WithoutOrder() with { Issuer = issuer.Name, OnStaging = onStaging, NextAttempt = null };
        Tell($"{(_certificate is null ? "A certificate" : "A new certificate")} is to be ordered from {Account.Name}.");
        Keep(_record);
        Queue();
    }

    private void OnTurn()
    {
        _since = _context.Parts.Time.GetTimestamp();
        if (_record.Step is OrderStep.None or OrderStep.Ordering)
            Order();
        else
            LookAtOrder(AcmeOrderState.Authorizing);
    }

    private void Order()
    {
        Enter(AcmeOrderState.Ordering);
        Keep(_record with { Step = OrderStep.Ordering });
        IssuerAccount issuer = Account;
        var request = new AcmeOrderRequest(_identifiers)
        {
            Profile = _record.OnStaging ? null : _context.Issuer(IssuerName)!.Profile,
            Replaces = _certificate is null || _withoutReplaces || _record.OnStaging || _record.IssuedBy != IssuerName ? null : CertificateId.Of(_certificate.Leaf),
        };
        Run(async stop =>
        {
            AcmeAccount account = await issuer.GetAsync(stop);
            return await issuer.Client.CreateOrderAsync(account, request, stop);
        });
    }

    private void OnStepDone(object result)
    {
        switch (result)
        {
            case AcmeOrder order when _state == AcmeOrderState.Ordering:
                Tell($"{Account.Name} has taken the order {order.Url}.");
                Keep(_record with { Step = OrderStep.Authorizing, Order = order.Url });
                _since = _context.Parts.Time.GetTimestamp();
                LookAtOrder(AcmeOrderState.Authorizing);
                break;
            case OrderLookedAt looked:
                OnLooked(looked);
                break;
            case AnswersGiven:
                _since = _context.Parts.Time.GetTimestamp();
                Enter(AcmeOrderState.Validating);
                AskLater(null);
                break;
            case AuthorizationsLookedAt looked:
                OnValidated(looked.Authorizations);
                break;
            case CertificateChain chain:
                OnDownloaded(chain);
                break;
            case RenewalAsked asked:
                OnRenewalAsked(asked);
                break;
        }
    }

    private void LookAtOrder(AcmeOrderState state)
    {
        Enter(state);
        IssuerAccount issuer = Account;
        Uri url = _record.Order!;
        Run(async stop =>
        {
            AcmeAccount account = await issuer.GetAsync(stop);
            AcmeOrder order = await issuer.Client.GetOrderAsync(account, url, stop);
            var authorizations = new List<AcmeAuthorization>();
            if (order.Status is AcmeStatus.Pending or AcmeStatus.Invalid)
            {
                foreach (Uri authorization in order.Authorizations)
                    authorizations.Add(await issuer.Client.GetAuthorizationAsync(account, authorization, stop));
            }

            return new OrderLookedAt(account, order, authorizations);
        });
    }

    private void OnLooked(OrderLookedAt looked)
    {
        _record = _record with { StepFailures = 0 };
        _order = looked.Order;
        switch (looked.Order.Status)
        {
            case AcmeStatus.Pending when looked.Authorizations.Any(authorization => authorization.Status == AcmeStatus.Pending):
                Answer(looked);
                break;
            case AcmeStatus.Ready when _record.OnStaging:
                Tell($"{Account.Name} has found all names valid; now the real one.");
                _record = _record.WithoutOrder() with { PassedStaging = true };
                EndTurn();
                Begin();
                break;
            case AcmeStatus.Ready:
                Finalize(looked);
                break;
            case AcmeStatus.Valid:
                Download(looked);
                break;
            case AcmeStatus.Invalid:
                OnInvalid(looked);
                break;
            case AcmeStatus.Pending when looked.Authorizations.Any(authorization => authorization.Status is not (AcmeStatus.Pending or AcmeStatus.Valid)):
                OnInvalid(looked);
                break;
            default:
                // Processing; or pending with all names valid, which is about to be ready.
                if (IsOverdue())
                    Fail(NotIssuedInTime(), dropOrder: true);
                else
                    AskLater(looked.Order.RetryAfter);
                break;
        }
    }

    private void Answer(OrderLookedAt looked)
    {
        Enter(AcmeOrderState.Answering);
        var chosen = new List<ChosenChallenge>();
        foreach (AcmeAuthorization authorization in looked.Authorizations.Where(authorization => authorization.Status == AcmeStatus.Pending))
        {
            AcmeIdentifier identifier = authorization.Wildcard ? authorization.Identifier with { Value = "*." + authorization.Identifier.Value } : authorization.Identifier;
            string? type = ChallengeResponder.Choose(
                identifier, _context.Types, _record.Worked.GetValueOrDefault(identifier.Value), _record.Failed.GetValueOrDefault(identifier.Value), offered => authorization.Find(offered) is not null);
            if (type is null)
            {
                Fail(AcmeException.Settings(
                    $"{identifier} cannot be shown to be ours: {Account.Name} offers {string.Join(", ", authorization.Challenges.Select(challenge => challenge.Type))}, we answer {string.Join(", ", _context.Types)}"
                    + $"{(_record.Failed.TryGetValue(identifier.Value, out IReadOnlyList<string>? failed) ? $", and {string.Join(", ", failed)} failed" : "")}."), dropOrder: true);
                return;
            }

            AcmeChallenge challenge = authorization.Find(type)!;
            string answer;
            try
            {
                answer = KeyAuthorization.Of(challenge.Token, looked.Account.Key);
            }
            catch (AcmeException bad)
            {
                Fail(bad, dropOrder: true);
                return;
            }

            chosen.Add(new ChosenChallenge(
                authorization, challenge, answer, type == AcmeChallengeType.Dns01 ? DnsChallengeRecord.For(authorization.Identifier, answer, _context.Settings.Dns.Delegations) : null));
            Tell($"{identifier} is shown by {type}.");
        }

        _validating = chosen;
        DnsChallengeRecord[] records = [.. chosen.Select(one => one.Record).OfType<DnsChallengeRecord>()];
        Keep(_record with
        {
            DnsRecords = [.. _record.DnsRecords.Union(records)],
            Answers = [.. chosen.Where(one => one.Record is null).Select(one => new ListenerAnswer(one.Challenge.Type, one.Authorization.Identifier, one.Challenge.Token, one.KeyAuthorization))],
        });
        IssuerAccount issuer = Account;
        Run(async stop =>
        {
            foreach (ChosenChallenge one in chosen)
                await _responder.PublishAsync(one, stop);
            foreach (ChosenChallenge one in chosen.Where(one => one.Challenge.Status == AcmeStatus.Pending))
                await issuer.Client.RespondAsync(looked.Account, one.Challenge.Url, stop);
            return new AnswersGiven();
        });
    }

    private void LookAtAuthorizations()
    {
        IssuerAccount issuer = Account;
        Uri[] urls = [.. _validating.Select(one => one.Authorization.Url)];
        Run(async stop =>
        {
            AcmeAccount account = await issuer.GetAsync(stop);
            var authorizations = new List<AcmeAuthorization>();
            foreach (Uri url in urls)
                authorizations.Add(await issuer.Client.GetAuthorizationAsync(account, url, stop));
            return new AuthorizationsLookedAt(authorizations);
        });
    }

    private void OnValidated(IReadOnlyList<AcmeAuthorization> authorizations)
    {
        var failed = new List<(ChosenChallenge Chosen, string Problem)>();
        var open = new List<ChosenChallenge>();
        var worked = new Dictionary<string, string>(_record.Worked);
        foreach ((ChosenChallenge chosen, AcmeAuthorization authorization) in _validating.Zip(authorizations))
        {
            string type = chosen.Challenge.Type;
            if (authorization.Status == AcmeStatus.Valid)
                worked[chosen.Name] = type;
            else if (authorization.Status == AcmeStatus.Pending && IsOverdue())
                failed.Add((chosen, $"no decision within {_context.Settings.ValidationTimeout.TotalSeconds:0} s"));
            else if (authorization.Status == AcmeStatus.Pending)
                open.Add(chosen);
            else
                failed.Add((chosen, authorization.Find(type)?.Error?.ToString() ?? authorization.Status));
        }

        _record = _record with { Worked = worked, StepFailures = 0 };
        if (failed.Count > 0)
        {
            OnChallengesFailed(failed);
            return;
        }

        if (open.Count > 0)
        {
            AskLater(authorizations.Max(authorization => authorization.RetryAfter));
            return;
        }

        Tell("The CA has found all names valid.");
        _responder.Withdraw();
        _validating = [];
        Keep(_record with { Answers = [] });
        _since = _context.Parts.Time.GetTimestamp();
        LookAtOrder(AcmeOrderState.Authorizing);
    }

    private void Finalize(OrderLookedAt looked)
    {
        if (_key is null && _record.Step == OrderStep.Finalizing)
            _key = _folder.LoadKey(_record.OrderedGeneration);
        if (_key is null || _record.Step != OrderStep.Finalizing)
        {
            _key?.Dispose();
            _key = CertificateKey.Create(_context.Settings.KeyType);
            long generation = _folder.NextGeneration();
            _folder.SaveKey(generation, _key);
            Keep(_record with { Step = OrderStep.Finalizing, OrderedGeneration = generation });
        }

        if (IsOverdue())
        {
            Fail(NotIssuedInTime(), dropOrder: true);
            return;
        }

        Enter(AcmeOrderState.Finalizing);
        byte[] request = _key.SigningRequest(_identifiers);
        IssuerAccount issuer = Account;
        Run(async stop => new OrderLookedAt(looked.Account, await IssuingAsync(issuer.Client.FinalizeAsync(looked.Account, looked.Order, request, stop)), []));

        // A CA that still calls it ready after that is asked again, not sent another request at once.
        static async Task<AcmeOrder> IssuingAsync(Task<AcmeOrder> finalizing) =>
            await finalizing is { Status: AcmeStatus.Ready } order ? order with { Status = AcmeStatus.Processing } : await finalizing;
    }

    private void Download(OrderLookedAt looked)
    {
        Enter(AcmeOrderState.Downloading);
        _key ??= _record.Step == OrderStep.Finalizing ? _folder.LoadKey(_record.OrderedGeneration) : null;
        if (_key is not { } key)
        {
            Fail(new AcmeException(AcmeFailure.WrongCertificate, "The key of the certificate that was issued is lost."), dropOrder: true);
            return;
        }

        IssuerAccount issuer = Account;
        string? preferred = _context.Settings.PreferredChain;
        DateTimeOffset now = _context.Now;
        Run(async stop =>
        {
            CertificateChain chain = CertificateChain.Choose(await issuer.Client.DownloadAsync(looked.Account, looked.Order.Certificate!, preferred is not null, stop), preferred);
            chain.Verify(key, _identifiers, now);
            return chain;
        });
    }

    private void OnDownloaded(CertificateChain chain)
    {
        long generation = _record.OrderedGeneration;
        _folder.SaveChain(generation, chain);
        var problems = new List<string>();
        if (_folder.LoadNewest(_context.Now, problems) is not (ServerCertificate loaded, long found) || found != generation)
        {
            Fail(new AcmeException(AcmeFailure.WrongCertificate, string.Join(' ', problems)), dropOrder: true);
            return;
        }

        string issuer = IssuerName;
        _certificate = loaded with { Source = SourceOf(issuer) };
        DropKey();
        _withoutReplaces = false;
        Tell($"The certificate is installed as generation {generation}, valid until {_certificate.NotAfter:u}.");
        Keep(_record.WithoutOrder() with
        {
            Generation = generation,
            IssuedBy = issuer,
            Issuer = null,
            PassedStaging = false,
            Failures = 0,
            LastFailure = null,
            NextAttempt = null,
            NotBefore = new Dictionary<string, DateTimeOffset>(),
            Failed = new Dictionary<string, IReadOnlyList<string>>(),
            RenewAt = null,
            Window = null,
            AskRenewalAt = null,
        });
        _folder.Prune(generation);
        _context.Parts.Metrics.Ordered(issuer, "issued");
        _context.Log.AcmeInstalled(NamesText, issuer, _certificate.NotAfter, generation);
        Context.Parent.Tell(new CertificateInstalled(_folder.Id, _certificate));
        EndTurn();
        Look();
    }

    private void OnAskAgain()
    {
        if (_state == AcmeOrderState.Validating)
            LookAtAuthorizations();
        else
            LookAtOrder(_state);
    }

    private void AskLater(TimeSpan? retryAfter)
    {
        TimeSpan wait = retryAfter is { } asked && asked > _context.Settings.PollInterval ? asked : _context.Settings.PollInterval;
        _attempt = NextAttempt();
        Timers.StartSingleTimer(nameof(AskAgain), new AskAgain(_attempt), wait < LongestWait ? wait : LongestWait);
    }

    private void DropKey()
    {
        _key?.Dispose();
        _key = null;
    }

    private AcmeException NotIssuedInTime() => new(AcmeFailure.TimedOut, $"{Account.Name} has not issued within {_context.Settings.ValidationTimeout.TotalSeconds:0} s.");

    private bool IsOverdue() => _context.Parts.Time.GetElapsedTime(_since) > _context.Settings.ValidationTimeout;

    private void EndTurn()
    {
        _attempt = NextAttempt();
        _responder.Withdraw();
        _validating = [];
        Context.Parent.Tell(TurnOver.Instance);
    }

    private void CleanUpDns()
    {
        IReadOnlyList<DnsChallengeRecord> records = _record.DnsRecords;
        // Once for each order; what cannot be removed now is tried again after the next.
        _record = _record with { DnsRecords = [] };
        _responder.CleanUpAsync(records, _stopped.Token).PipeTo(Self, success: problem => new DnsRecordsCleaned(records, problem), failure: cause => new DnsRecordsCleaned(records, cause.Message));
    }

    private void OnDnsRecordsCleaned(DnsRecordsCleaned cleaned)
    {
        if (cleaned.Problem is { } problem)
        {
            Tell($"TXT records stay for now: {problem}");
            _record = _record with { DnsRecords = [.. _record.DnsRecords.Union(cleaned.Records)] };
        }

        Keep(_record);
    }

    private sealed record AnswersGiven;

    private sealed record AuthorizationsLookedAt(IReadOnlyList<AcmeAuthorization> Authorizations);
}
