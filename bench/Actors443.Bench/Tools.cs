using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Actors443.Bench;

/// <summary>Load generators that are not ours.</summary>
internal static partial class Tools
{
    /// <summary>Runs h2load and answers how many requests succeeded and how many did not.</summary>
    public static async Task<(long Succeeded, long Failed)> H2LoadAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("h2load") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("h2load (Debian: nghttp2-client) is not there.");
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Match requests = Requests().Match(output);
        if (!requests.Success)
            throw new InvalidOperationException("h2load said nothing of requests:\n" + output);
        return (Number(requests, 1), Number(requests, 2) + Number(requests, 3) + Number(requests, 4));
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static long Number(Match match, int group) => long.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout")]
    private static partial Regex Requests();
}
