using Actors443.Configuration;
using Actors443.Telemetry;

namespace Actors443.Certificates.Canary;

/// <summary>Decides whether a new index is published at once or tried first, and ends the trial. The certificate supervisor's; used by its thread alone.</summary>
internal sealed class CertificateCanary(PublishedCertificates published, ILogger log, CertificateMetrics metrics, TimeProvider time, Action onFailure)
{
    private IReadOnlyList<ServerCertificate>? _refused;

    /// <summary>Of the last trial; null: there was none.</summary>
    public CanaryStatus? Status { get; private set; }

    /// <summary>What is to be done about it, for people; null: nothing.</summary>
    public string? Problem => Status is { State: CanaryState.RolledBack } status && _refused is not null
        ? $"certificates.canary: the new certificate for {string.Join(", ", status.Names.Take(5))} was rolled back, {status}; put another in its place, or set certificates.canary.share = off to serve it."
        : null;

    /// <summary>True: the index is being tried, or was found bad; what it says of names that were not served before is published.</summary>
    public bool Holds(CertificateIndex next, CanarySettings settings)
    {
        CertificateIndex stable = published.Current;
        DateTimeOffset now = time.GetUtcNow();
        if (settings.Share is not { } share || stable.Certificates.Count == 0)
        {
            Forget();
            return false;
        }

        if (published.Trial is { } running && AreTheSame(running.Candidate.Certificates, next.Certificates))
        {
            Status = CanaryStatus.Of(running, CanaryState.Trying);
            return true;
        }

        // Whatever was on trial is not what is wanted any more.
        published.EndTrial();
        ServerCertificate[] replacing = [.. next.Certificates.Except(stable.Certificates)
            .Where(certificate => Replaces(certificate, stable, now) && !stable.Certificates.Any(certificate.ShowsTheSameAs))];
        if (replacing.Length == 0)
        {
            Forget();
            return false;
        }

        CertificateIndex beside = Beside(stable, next, replacing, now);
        if (beside.Generation != stable.Generation)
            published.Publish(beside);
        if (_refused is not null && AreTheSame(replacing, _refused))
            return true;
        _refused = null;
        var trial = new CanaryTrial(beside, next, share, now, onFailure);
        Status = CanaryStatus.Of(trial, CanaryState.Trying);
        published.BeginTrial(trial);
        log.CanaryBegan(string.Join(", ", trial.Names.Take(10)), share);
        return true;
    }

    /// <summary>Ends the trial if its figures say so.</summary>
    public void Check(CanarySettings settings)
    {
        if (published.Trial is not { } trial)
            return;
        DateTimeOffset now = time.GetUtcNow();
        CanaryVerdict verdict = CanaryRule.Judge(trial.Counts, now - trial.Since, settings);
        // Clients refuse an expired one for certain.
        if (verdict == CanaryVerdict.GoOn && published.Current.Certificates.Except(trial.Candidate.Certificates).Any(old => old.NotAfter <= now))
            verdict = CanaryVerdict.Promote;
        switch (verdict)
        {
            case CanaryVerdict.RollBack:
                _refused = [.. trial.Candidate.Certificates.Except(published.Current.Certificates)];
                published.EndTrial();
                Status = CanaryStatus.Of(trial, CanaryState.RolledBack);
                log.CanaryRolledBack(string.Join(", ", trial.Names.Take(10)), Status.ToString());
                metrics.CanaryEnded(promoted: false);
                break;
            case CanaryVerdict.Promote:
                CertificateIndex candidate = trial.Candidate;
                published.Publish(new CertificateIndex(published.Current.Generation + 1, candidate.Certificates, candidate.DefaultName, now));
                published.EndTrial();
                Status = CanaryStatus.Of(trial, CanaryState.Promoted);
                log.CanaryPromoted(string.Join(", ", trial.Names.Take(10)), Status.ToString(), published.Current.Generation);
                metrics.CanaryEnded(promoted: true);
                break;
            default:
                Status = CanaryStatus.Of(trial, CanaryState.Trying);
                break;
        }
    }

    private void Forget()
    {
        published.EndTrial();
        _refused = null;
        if (Status is { State: CanaryState.Trying })
            Status = null;
    }

    // Read anew they are other objects.
    private static bool AreTheSame(IReadOnlyList<ServerCertificate> some, IReadOnlyList<ServerCertificate> others) =>
        some.Count == others.Count && some.Zip(others).All(pair => ReferenceEquals(pair.First, pair.Second) || pair.First.ShowsTheSameAs(pair.Second));

    // One of the local CA is trusted by whoever trusts its root, and a name without a valid certificate cannot lose by a new one.
    private static bool Replaces(ServerCertificate certificate, CertificateIndex stable, DateTimeOffset now) =>
        certificate.Source != LocalCa.SourceName
        && certificate.Names.Any(name => stable.Certificates.Any(old =>
            old.NotAfter > now && old.Source != LocalCa.SourceName && old.KeyKind == certificate.KeyKind && old.Names.Any(certified => CertificateValidation.Covers(certified, name))));

    /// <summary>What those see who do not see the new certificates.</summary>
    private static CertificateIndex Beside(CertificateIndex stable, CertificateIndex next, ServerCertificate[] replacing, DateTimeOffset now)
    {
        // All that is new but on trial; of the old, what is still there or is being replaced.
        ServerCertificate[] added = [.. next.Certificates.Except(replacing)];
        ServerCertificate[] kept = [.. stable.Certificates.Where(old => !added.Contains(old) && old.Source != LocalCa.SourceName)];
        ServerCertificate[] all = [.. kept, .. added];
        return all.Length == stable.Certificates.Count && all.All(stable.Certificates.Contains)
            ? stable
            : new CertificateIndex(stable.Generation + 1, all, next.DefaultName, now);
    }
}
