using System.Diagnostics;
using Actors443.Configuration;

namespace Actors443.Admission;

/// <summary>One resource that can run short.</summary>
internal interface ILoadSource
{
    /// <summary>As in the settings and in reasons: <c>cpu</c>, <c>memory</c>, <c>thread-pool-delay</c>, <c>mailbox-lag</c>.</summary>
    string Name { get; }

    /// <summary>Its thresholds in these settings.</summary>
    LoadThreshold ThresholdIn(LoadSettings settings);

    /// <summary>How much of it is in use now, in the unit of its thresholds. Called by one thread, once a sample.</summary>
    double Sample();
}

/// <summary>The resources of this process.</summary>
internal static class LoadSources
{
    public static IReadOnlyList<ILoadSource> ForThisProcess(AdmissionGate gate, TimeProvider time) =>
        [new CpuLoad(time), new MemoryLoad(), new ThreadPoolDelay(), new MailboxLag(gate)];

    private sealed class CpuLoad : ILoadSource
    {
        private readonly TimeProvider _time;
        private readonly double _cores = CgroupLimits.UsableCores();
        private long _lastTimestamp;
        private TimeSpan _lastCpu;

        public CpuLoad(TimeProvider time)
        {
            _time = time;
            _lastTimestamp = time.GetTimestamp();
            _lastCpu = Environment.CpuUsage.TotalTime;
        }

        public string Name => "cpu";

        public LoadThreshold ThresholdIn(LoadSettings settings) => settings.Cpu;

        public double Sample()
        {
            long timestamp = _time.GetTimestamp();
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            double wall = _time.GetElapsedTime(_lastTimestamp, timestamp).TotalSeconds;
            double used = (cpu - _lastCpu).TotalSeconds;
            _lastTimestamp = timestamp;
            _lastCpu = cpu;
            return wall <= 0 ? 0 : used / (wall * _cores);
        }
    }

    private sealed class MemoryLoad : ILoadSource
    {
        // From here on garbage is collected for the sake of the measure: a server that is paused allocates too little to do so by itself, and would stay paused.
        private const double WorthCollecting = 0.8;
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

        private long _collectedAt;

        public string Name => "memory";

        public LoadThreshold ThresholdIn(LoadSettings settings) => settings.Memory;

        public double Sample()
        {
            double used = MemoryUse.OfThisProcess().Share;
            if (used >= WorthCollecting && (_collectedAt == 0 || Stopwatch.GetElapsedTime(_collectedAt) > Pause))
            {
                _collectedAt = Stopwatch.GetTimestamp();
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
            }

            return used;
        }
    }

    private sealed class ThreadPoolDelay : ILoadSource
    {
        private long _queuedAt;
        private long _lastDelay;

        public string Name => "thread-pool-delay";

        public LoadThreshold ThresholdIn(LoadSettings settings) => settings.ThreadPoolDelay;

        // A work item that has not run yet counts with its age: a starved pool must show while it is starved.
        public double Sample()
        {
            long queuedAt = Volatile.Read(ref _queuedAt);
            if (queuedAt != 0)
                return Stopwatch.GetElapsedTime(queuedAt).TotalSeconds;
            Volatile.Write(ref _queuedAt, Stopwatch.GetTimestamp());
            ThreadPool.UnsafeQueueUserWorkItem(static source => source.Ran(), this, preferLocal: false);
            return Stopwatch.GetElapsedTime(0, Volatile.Read(ref _lastDelay)).TotalSeconds;
        }

        private void Ran()
        {
            Volatile.Write(ref _lastDelay, Stopwatch.GetTimestamp() - Volatile.Read(ref _queuedAt));
            Volatile.Write(ref _queuedAt, 0);
        }
    }

    private sealed class MailboxLag(AdmissionGate gate) : ILoadSource
    {
        public string Name => "mailbox-lag";

        public LoadThreshold ThresholdIn(LoadSettings settings) => settings.MailboxLag;

        public double Sample() => gate.TakeMailboxLag().TotalSeconds;
    }
}
