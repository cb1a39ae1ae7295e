namespace Actors443.Server.Admin;

/// <summary>Whether a load balancer should send clients here.</summary>
/// <param name="Problems">Why not; empty: ready.</param>
internal sealed record Readiness(IReadOnlyList<ReadinessProblem> Problems)
{
    public static Readiness Ready { get; } = new([]);

    public bool IsReady => Problems.Count == 0;
}

/// <summary>One reason not to be ready.</summary>
/// <param name="Check">What was looked at: <c>listeners</c>, <c>certificates</c>, <c>drain</c>, <c>admission</c>.</param>
/// <param name="Detail">What is wrong with it, for people.</param>
internal sealed record ReadinessProblem(string Check, string Detail)
{
    public static ReadinessProblem Draining { get; } = new("drain", "the server is stopping");

    public static ReadinessProblem Paused { get; } = new("admission", "no connections are accepted for want of resources");

    public static ReadinessProblem Starting { get; } = new("listeners", "not listening yet");

    public static ReadinessProblem NoListener(string name) => new("listeners", $"{name} does not listen");

    public static ReadinessProblem NoValidCertificate { get; } = new("certificates", "no certificate is valid now");
}
