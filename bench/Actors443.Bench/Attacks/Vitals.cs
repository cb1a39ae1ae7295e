using System.Diagnostics;
using System.Globalization;

namespace Actors443.Bench.Attacks;

/// <summary>Looks ten times a second at what a process takes.</summary>
internal sealed class Vitals : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly string _folder;
    private readonly Timer _timer;
    private readonly TimeSpan _cpu;
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _peak;

    public Vitals(int process)
    {
        _folder = $"/proc/{process}";
        First = Resident();
        _peak = First;
        _cpu = CpuTime();
        _timer = new Timer(_ => Look(), null, Interval, Interval);
    }

    /// <summary>Resident bytes when it began to look.</summary>
    public long First { get; }

    /// <summary>The most it has seen.</summary>
    public long Peak => Volatile.Read(ref _peak);

    /// <summary>Processor time for each second since.</summary>
    public double Cores => (CpuTime() - _cpu) / Stopwatch.GetElapsedTime(_start);

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        try
        {
            long now = Resident();
            if (now > Peak)
                Volatile.Write(ref _peak, now);
        }
        catch (IOException)
        {
            // It has ended, which whoever started it finds out.
        }
    }

    private long Resident() => long.Parse(File.ReadAllText(_folder + "/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    // User and system time are fields 14 and 15, in hundredths of a second; the name before may have spaces.
    private TimeSpan CpuTime()
    {
        string stat = File.ReadAllText(_folder + "/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)));
    }
}
