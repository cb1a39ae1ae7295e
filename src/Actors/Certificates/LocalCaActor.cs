using System.Security.Cryptography;
using Actors443.Configuration;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Certificates;

/// <summary>Issues the certificates of the local CA. The CA is opened when first needed: a server with certificates of its own makes none.</summary>
internal sealed class LocalCaActor(LocalCaSettings settings, string stateDirectory, PublishedCertificates published, ILoggerFactory loggers, TimeProvider time, Func<ECDsa>? shared) : UntypedActor
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Certificates);
    private LocalCa? _ca;

    protected override void OnReceive(object message)
    {
        if (message is IssueLocalCertificates issue)
            Sender.Tell(Issue(issue.NameSets));
        else
            Unhandled(message);
    }

    // The request is not lost: a start waits for its answer.
    protected override void PreRestart(Exception reason, object message)
    {
        if (message is IssueLocalCertificates)
            Context.System.Scheduler.ScheduleTellOnce(Pause, Self, message, Sender);
        _log.CertificateActorFailed(reason, Self.Path.Name, Pause);
        base.PreRestart(reason, message);
    }

    private LocalCertificatesIssued Issue(IReadOnlyList<IReadOnlyList<string>> nameSets)
    {
        var certificates = new List<ServerCertificate>();
        var problems = new List<string>();
        ServerCertificate[] served = [.. published.Current.Certificates.Where(certificate => certificate.Source == LocalCa.SourceName)];
        foreach (IReadOnlyList<string> names in nameSets)
        {
            try
            {
                DateTimeOffset now = time.GetUtcNow();
                _ca ??= LocalCa.Open(stateDirectory, now, shared);
                ServerCertificate issued = _ca.Issue(names, settings.LeafLifetime, now);
                // The same certificate stays the same object, and with it its TLS sessions.
                certificates.Add(served.FirstOrDefault(issued.ShowsTheSameAs) ?? issued);
            }
            catch (CertificateException problem)
            {
                problems.Add(problem.Message);
                if (served.FirstOrDefault(certificate => names.All(name => certificate.Names.Contains(name, StringComparer.OrdinalIgnoreCase))) is { } before)
                    certificates.Add(before);
            }
        }

        return new LocalCertificatesIssued([.. certificates.Distinct()], [.. problems.Distinct()]);
    }
}
