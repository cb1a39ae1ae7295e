using Actors443.Admission;
using Actors443.Certificates;
using Actors443.Cluster.Acme;
using Actors443.Cluster.TicketKeys;
using Actors443.Engine.EventLoop;

namespace Actors443.Supervision;

/// <summary>Whether a load balancer should send clients here.</summary>
/// <param name="Problems">Why not; empty: ready.</param>
internal sealed record ServerReadiness(IReadOnlyList<ReadinessProblem> Problems)
{
    public bool IsReady => Problems.Count == 0;

    /// <summary>What a node of a cluster lacks of it; null: nothing.</summary>
    public ReadinessProblem? JoinProblem => Problems.FirstOrDefault(problem => problem.Check is ReadinessProblem.Cluster or ReadinessProblem.Configuration or ReadinessProblem.TicketKeys or ReadinessProblem.Certificates);

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
        if (environment.Settings.Cluster.Enabled)
            problems.AddRange(OfNode(environment));
        return new ServerReadiness(problems);
    }

    private static IEnumerable<ReadinessProblem> OfNode(ServerEnvironment environment)
    {
        if (environment.Lifecycle.Membership != ClusterMembership.Up)
        {
            yield return ReadinessProblem.NotMember;
            yield break;
        }

        if (environment.ClusterConfiguration.State is { IsSynchronized: false, Problem: { } lag })
            yield return ReadinessProblem.Lags(lag);
        if (environment.Certificates.AwaitsCluster)
            yield return ReadinessProblem.NoCertificatesOfCluster;
        // The portable engine has no use for them.
        if (environment.TicketKeys.OfCluster.AreAwaited && environment.Settings.Certificates.TicketKeys is { SharedSecret: null, Tickets: > 0 } && environment.Engine is EventLoopEngine)
            yield return ReadinessProblem.NoTicketKeys;
    }
}

/// <summary>One reason not to be ready.</summary>
/// <param name="Check">What was looked at: <c>listeners</c>, <c>certificates</c>, <c>drain</c>, <c>admission</c>, <c>cluster</c>, <c>configuration</c>, <c>ticket-keys</c>, <c>cluster-certificates</c>.</param>
/// <param name="Detail">What is wrong with it, for people.</param>
internal sealed record ReadinessProblem(string Check, string Detail)
{
    public const string Cluster = "cluster";
    public const string Configuration = "configuration";
    public const string TicketKeys = "ticket-keys";
    public const string Certificates = "cluster-certificates";

    public static ReadinessProblem Draining { get; } = new("drain", "the server is stopping");

    public static ReadinessProblem Paused { get; } = new("admission", "no connections are accepted for want of resources");

    public static ReadinessProblem NotMember { get; } = new(Cluster, "not a member of the cluster yet, or no longer");

    public static ReadinessProblem Starting { get; } = new("listeners", "not listening yet");

    public static ReadinessProblem Lags(string problem) => new(Configuration, problem);

    public static ReadinessProblem NoTicketKeys { get; } = new(
        TicketKeys, $"the cluster's ticket keys have not come yet, and sessions of other nodes could not be resumed here; they are waited for {TicketKeyReplicaActor.Patience.TotalSeconds:0} s at most");

    public static ReadinessProblem NoCertificatesOfCluster { get; } = new(
        Certificates, $"what the other nodes serve by ACME has not come yet; it is waited for {AcmeReplicaActor.JoinWithin.TotalSeconds:0} s at most");

    public static ReadinessProblem NoListener(string name) => new("listeners", $"{name} does not listen");

    public static ReadinessProblem NoValidCertificate { get; } = new("certificates", "no certificate is valid now");
}
