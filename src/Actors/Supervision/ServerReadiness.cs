using Actors443.Admission;
using Actors443.Certificates;

namespace Actors443.Supervision;

/// <summary>Whether a load balancer should send clients here.</summary>
/// <param name="Problems">Why not; empty: ready.</param>
internal sealed record ServerReadiness(IReadOnlyList<ReadinessProblem> Problems)
{
    public bool IsReady => Problems.Count == 0;

    public static ServerReadiness Of(ServerEnvironment environment)
    {
        var problems = new List<ReadinessProblem>();
        DateTimeOffset now = environment.Time.GetUtcNow();
        switch (environment.Lifecycle.Phase)
        {
            case ServerPhase.Starting:
                problems.Add(ReadinessProblem.Starting);
                break;
            case ServerPhase.Draining or ServerPhase.Stopped:
                problems.Add(ReadinessProblem.Draining);
                break;
        }

        problems.AddRange(environment.Lifecycle.ListenersDown.Select(ReadinessProblem.NoListener));
        if (environment.Gate.Mode == AdmissionMode.Paused)
            problems.Add(ReadinessProblem.Paused);
        if (!environment.Certificates.Current.Certificates.Any(certificate => certificate.NotBefore <= now + CertificateValidation.ClockTolerance && now < certificate.NotAfter))
            problems.Add(ReadinessProblem.NoValidCertificate);
        if (environment.Settings.Cluster.Enabled && environment.Lifecycle.Membership != ClusterMembership.Up)
            problems.Add(ReadinessProblem.NotMember);
        else if (environment.Settings.Cluster.Enabled && environment.ClusterConfiguration.State is { IsSynchronized: false, Problem: { } lag })
            problems.Add(ReadinessProblem.Lags(lag));
        return new ServerReadiness(problems);
    }
}

/// <summary>One reason not to be ready.</summary>
/// <param name="Check">What was looked at: <c>listeners</c>, <c>certificates</c>, <c>drain</c>, <c>admission</c>, <c>cluster</c>, <c>configuration</c>.</param>
/// <param name="Detail">What is wrong with it, for people.</param>
internal sealed record ReadinessProblem(string Check, string Detail)
{
    public static ReadinessProblem Draining { get; } = new("drain", "the server is stopping");

    public static ReadinessProblem Paused { get; } = new("admission", "no connections are accepted for want of resources");

    public static ReadinessProblem NotMember { get; } = new("cluster", "not a member of the cluster yet, or no longer");

    public static ReadinessProblem Starting { get; } = new("listeners", "not listening yet");

    public static ReadinessProblem Lags(string problem) => new("configuration", problem);

    public static ReadinessProblem NoListener(string name) => new("listeners", $"{name} does not listen");

    public static ReadinessProblem NoValidCertificate { get; } = new("certificates", "no certificate is valid now");
}
