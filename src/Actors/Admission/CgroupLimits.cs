using System.Globalization;

namespace Actors443.Admission;

/// <summary>The CPU quota of the control group this process is in.</summary>
internal static class CgroupLimits
{
    /// <summary>Cores, or the part of them that the quota allows.</summary>
    public static double UsableCores() => Math.Min(Environment.ProcessorCount, QuotaIn("/sys/fs/cgroup") ?? Environment.ProcessorCount);

    /// <summary>Cores by the quota under a cgroup mount, version 2 (<c>cpu.max</c>) or 1 (<c>cpu.cfs_quota_us</c>); null: no quota.</summary>
    internal static double? QuotaIn(string root) =>
        ParseV2(ReadOrNull(Path.Combine(root, "cpu.max")))
        ?? ParseV1(ReadOrNull(Path.Combine(root, "cpu", "cpu.cfs_quota_us")), ReadOrNull(Path.Combine(root, "cpu", "cpu.cfs_period_us")));

    internal static double? ParseV2(string? text)
    {
        string[] parts = (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return parts.Length == 2 ? Ratio(parts[0], parts[1]) : null;
    }

    internal static double? ParseV1(string? quota, string? period) => quota is null || period is null ? null : Ratio(quota.Trim(), period.Trim());

    private static double? Ratio(string quota, string period) =>
        long.TryParse(quota, CultureInfo.InvariantCulture, out long q) && long.TryParse(period, CultureInfo.InvariantCulture, out long p) && q > 0 && p > 0
            ? (double)q / p
            : null;

    private static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
