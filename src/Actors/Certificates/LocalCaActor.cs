using Actors443.Configuration;
using Akka.Actor;

namespace Actors443.Certificates;

/// <summary>Issues the certificates of the local CA. The CA is opened when first needed: a server with certificates of its own makes none.</summary>
internal sealed class LocalCaActor(LocalCaSettings settings, string stateDirectory, TimeProvider time) : UntypedActor
{
    private readonly Dictionary<string, ServerCertificate> _issued = [];
    private LocalCa? _ca;

    protected override void OnReceive(object message)
    {
        if (message is IssueLocalCertificates issue)
            Sender.Tell(Issue(issue.NameSets));
        else
            Unhandled(message);
    }

    private LocalCertificatesIssued Issue(IReadOnlyList<IReadOnlyList<string>> nameSets)
    {
        var certificates = new List<ServerCertificate>();
        var problems = new List<string>();
        foreach (IReadOnlyList<string> names in nameSets)
        {
            try
            {
                DateTimeOffset now = time.GetUtcNow();
                _ca ??= LocalCa.Open(stateDirectory, now);
                ServerCertificate issued = _ca.Issue(names, settings.LeafLifetime, now);
                string key = string.Join('\n', names);
                // The same certificate stays the same object, and with it its TLS sessions.
                if (!_issued.TryGetValue(key, out ServerCertificate? before) || before.Thumbprint != issued.Thumbprint)
                    _issued[key] = issued;
                certificates.Add(_issued[key]);
            }
            catch (CertificateException problem)
            {
                problems.Add(problem.Message);
            }
        }

        return new LocalCertificatesIssued(certificates, problems);
    }
}
