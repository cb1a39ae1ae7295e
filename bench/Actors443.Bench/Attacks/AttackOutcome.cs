using System.Globalization;

namespace Actors443.Bench.Attacks;

/// <summary>One attack, and what it did to everybody else.</summary>
internal sealed record AttackOutcome(
    Attack Attack,
    string Engine,
    AttackResult Result,
    IReadOnlyDictionary<string, long> Ends,
    double QuietP99,
    double P99,
    int Served,
    IReadOnlyList<string> Failures,
    long FirstBytes,
    long PeakBytes,
    double Cores,
    TimeSpan Recovery,
    bool IsAlive)
{
    private const double MiB = 1024 * 1024;
    private const double RatioAllowed = 10;

    /// <summary>Every bound that does not hold, in words.</summary>
    public IReadOnlyList<string> Faults => [.. Hard(), .. Slow()];

    /// <summary>All that is wrong is time.</summary>
    public bool IsMerelySlow => !Hard().Any() && Slow().Any();

    public string ToRow()
    {
        string ended = string.Join(", ", Ends.Where(end => end.Value > 0 && end.Key is not ("client_closed" or "server_closed")).OrderByDescending(end => end.Value).Select(end => string.Create(CultureInfo.InvariantCulture, $"{end.Key} {end.Value:N0}")));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {Attack.Name} | {Engine} | {Result.Did} | {(ended.Length == 0 ? "-" : ended)} | {QuietP99:0.0} → {P99:0.0} | {P99 / QuietP99:0.0} | {Served:N0}, {Failures.Count} | {FirstBytes / MiB:0} → {PeakBytes / MiB:0} | {Cores:0.00} | {Recovery.TotalSeconds:0.0} | {(Faults.Count == 0 ? "ok" : "BROKEN")} |");
    }

    private IEnumerable<string> Hard()
    {
        AttackBounds bounds = Attack.Bounds;
        if (!IsAlive)
            yield return "the server has ended";
        foreach (string fault in Result.Faults)
            yield return fault;
        if (Failures.Count > 0)
            yield return $"{Failures.Count} requests of the good client failed: {Failures[0]}";
        if ((PeakBytes - FirstBytes) / MiB > bounds.MemoryMiB)
            yield return string.Create(CultureInfo.InvariantCulture, $"{(PeakBytes - FirstBytes) / MiB:0} MiB more memory, {bounds.MemoryMiB} are allowed");
        if (bounds.CutBy.Length > 0 && bounds.CutBy.Sum(reason => Ends.GetValueOrDefault(reason)) == 0)
            yield return $"nothing was ended by {string.Join(" or ", bounds.CutBy)}";
        foreach (string reason in (string[])["internal_error", "actor_failed"])
        {
            if (Ends.GetValueOrDefault(reason) > 0)
                yield return $"{Ends[reason]} connections ended by a failure of the server's own";
        }
    }

    private IEnumerable<string> Slow()
    {
        AttackBounds bounds = Attack.Bounds;
        if (P99 > Math.Max(bounds.P99, RatioAllowed * QuietP99))
            yield return string.Create(CultureInfo.InvariantCulture, $"the good client's p99 is {P99:0} ms, {bounds.P99:0} ms are allowed ({QuietP99:0.0} ms before)");
        if (Cores > bounds.Cores)
            yield return string.Create(CultureInfo.InvariantCulture, $"{Cores:0.00} cores, {bounds.Cores:0.00} are allowed");
        if (Recovery.TotalSeconds > bounds.Recovery)
            yield return string.Create(CultureInfo.InvariantCulture, $"{Recovery.TotalSeconds:0.0} s until it had recovered, {bounds.Recovery:0.0} s are allowed");
    }
}
