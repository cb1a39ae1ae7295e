using Actors443.Configuration;

namespace Actors443.Certificates.Canary;

internal enum CanaryVerdict
{
    GoOn,
    Promote,
    RollBack,
}

/// <summary>What the figures of a trial mean. Pure.</summary>
internal static class CanaryRule
{
    private const int FewestFailures = 3;

    // Scanners and clients that change their mind fail with any certificate; a rate that was never seen is still not impossible.
    private const double LeastExpected = 0.005;
    private const double Chance = 0.001;

    // Who has so few clients will not know more by waiting.
    private const int LongestTrial = 3;

    public static CanaryVerdict Judge(CanaryCounts counts, TimeSpan elapsed, CanarySettings settings)
    {
        if (counts.NewFailed >= FewestFailures
            && counts.NewFailureRate > counts.OldFailureRate + settings.FailureRise
            && Tail(counts.New, counts.NewFailed, Math.Max(LeastExpected, counts.OldFailureRate)) < Chance)
        {
            return CanaryVerdict.RollBack;
        }

        if (elapsed >= settings.Duration && counts.New >= settings.LeastHandshakes)
            return CanaryVerdict.Promote;
        return elapsed >= LongestTrial * settings.Duration ? CanaryVerdict.Promote : CanaryVerdict.GoOn;
    }

    /// <summary>How likely so many failures or more of so many handshakes are, if each fails with this probability.</summary>
    public static double Tail(long handshakes, long failures, double probability)
    {
        if (probability >= 1)
            return 1;
        // The probability of each number of failures from that of the one before.
        double logTerm = handshakes * Math.Log(1 - probability);
        double below = 0;
        for (long count = 0; count < failures; count++)
        {
            below += Math.Exp(logTerm);
            logTerm += Math.Log((double)(handshakes - count) / (count + 1)) + Math.Log(probability / (1 - probability));
        }

        return Math.Max(0, 1 - below);
    }
}
