using System.Globalization;
using Actors443.Configuration;

namespace Actors443.Admission;

/// <summary>
/// From samples to a mode, with hysteresis: a mode rises after some samples in a row over a threshold and falls after some under 90% of it.
/// Pure but for its two counts; used by one thread.
/// </summary>
internal sealed class LoadVerdict
{
    private const double FallShare = 0.9;

    private int _over;
    private int _under;
    private AdmissionMode _streak;

    public AdmissionMode Mode { get; private set; }

    /// <summary>What is over a threshold, in words.</summary>
    public IReadOnlyList<string> Reasons { get; private set; } = [];

    /// <summary>True: the mode is another than before.</summary>
    public bool Take(IReadOnlyList<LoadSample> samples, LoadSettings settings)
    {
        AdmissionMode wanted = ModeFor(samples, 1);
        AdmissionMode held = ModeFor(samples, FallShare);
        AdmissionMode before = Mode;
        if (wanted > Mode)
        {
            // One worse sample among bad ones is no reason for the worse mode.
            _streak = _over == 0 || wanted < _streak ? wanted : _streak;
            _under = 0;
            if (++_over >= settings.RiseSamples)
            {
                Mode = _streak;
                _over = 0;
            }
        }
        else if (held < Mode)
        {
            _streak = _under == 0 || held > _streak ? held : _streak;
            _over = 0;
            if (++_under >= settings.FallSamples)
            {
                Mode = _streak;
                _under = 0;
            }
        }
        else
        {
            _over = 0;
            _under = 0;
        }

        Reasons = [.. samples.Where(sample => ModeFor([sample], FallShare) != AdmissionMode.Normal).Select(sample => sample.ToString())];
        return Mode != before;
    }

    private static AdmissionMode ModeFor(IReadOnlyList<LoadSample> samples, double share)
    {
        AdmissionMode mode = AdmissionMode.Normal;
        foreach (LoadSample sample in samples)
        {
            if (sample.Value >= sample.Threshold.Pause * share)
                return AdmissionMode.Paused;
            if (sample.Value >= sample.Threshold.Shed * share)
                mode = AdmissionMode.Shedding;
        }

        return mode;
    }
}

/// <summary>One resource at one moment.</summary>
internal readonly record struct LoadSample(string Name, double Value, LoadThreshold Threshold)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Name} {Value:0.##} (shedding at {Threshold.Shed?.ToString("0.##", CultureInfo.InvariantCulture) ?? "never"}, paused at {Threshold.Pause?.ToString("0.##", CultureInfo.InvariantCulture) ?? "never"})");
}
