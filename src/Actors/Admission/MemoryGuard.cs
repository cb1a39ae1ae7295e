using System.Diagnostics;
using System.Runtime.CompilerServices;
using Actors443.Configuration;

namespace Actors443.Admission;

/// <summary>
/// Whether memory is so short that nothing more may be taken on at this very moment. Load is sampled now and then, and a small heap is full before that: this is looked at as requests come, and after
/// each garbage collection. Thread-safe; costs some nanoseconds, and a microsecond when it is time to look.
/// </summary>
internal sealed class MemoryGuard
{
    private const double Fell = 0.9;

    /// <summary>From here on it may be full within milliseconds.</summary>
    private const double Near = 0.5;

    /// <summary>A heap of this size is collected within some ten milliseconds, for which it is worth to wait rather than to refuse for garbage.</summary>
    private const long SmallHeap = 512L << 20;

    private static readonly TimeSpan CollectEvery = TimeSpan.FromSeconds(1);

    private readonly Func<MemoryUse> _use;
    private long _lookAtMs;
    private long _collectedAt;
    private int _isShort;

    /// <param name="use">What is in use now.</param>
    public MemoryGuard(Func<MemoryUse> use) => _use = use;

    /// <summary>Nothing more may be taken on.</summary>
    public bool IsShort => Volatile.Read(ref _isShort) != 0;

    /// <summary>Of this process, looked at after each garbage collection, too.</summary>
    /// <param name="settings">In force.</param>
    public static MemoryGuard ForThisProcess(Func<LoadThreshold> settings)
    {
        var guard = new MemoryGuard(MemoryUse.OfThisProcess);
        _ = new AfterCollection(guard, settings);
        return guard;
    }

    /// <summary>If it is time to.</summary>
    /// <returns>True: it is another than before.</returns>
    public bool LookIfDue(LoadThreshold threshold)
    {
        long now = Environment.TickCount64;
        return now >= Volatile.Read(ref _lookAtMs) && Look(threshold);
    }

    /// <inheritdoc cref="LookIfDue"/>
    public bool Look(LoadThreshold threshold)
    {
        MemoryUse use = _use();
        // Of a heap with a limit of its own it is known to the byte; what is resident is more than what is needed.
        double? limit = use.IsHardLimited ? threshold.Shed ?? threshold.Pause : threshold.Pause;
        bool wasShort = IsShort;
        bool isShort = use.Share >= (limit ?? double.MaxValue) * (wasShort ? Fell : 1);
        if (isShort && !wasShort && TryCollect(use))
            isShort = _use().Share >= limit;
        Volatile.Write(ref _lookAtMs, Environment.TickCount64 + (use.IsHardLimited && use.Share >= Near ? 1 : 50));
        return Interlocked.Exchange(ref _isShort, isShort ? 1 : 0) != (isShort ? 1 : 0);
    }

    // Much may be garbage.
    private bool TryCollect(MemoryUse use)
    {
        long last = Volatile.Read(ref _collectedAt);
        if ((last != 0 && Stopwatch.GetElapsedTime(last) < CollectEvery) || Interlocked.CompareExchange(ref _collectedAt, Stopwatch.GetTimestamp(), last) != last)
            return false;
        bool isSmall = use.IsHardLimited && use.Available <= SmallHeap;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: isSmall);
        return isSmall;
    }

    /// <summary>Is found to be garbage by each collection, and has another take its place, for as long as the guard lives.</summary>
    private sealed class AfterCollection(MemoryGuard guard, Func<LoadThreshold> settings)
    {
        private readonly ConditionalWeakTable<MemoryGuard, Func<LoadThreshold>> _guard = new() { { guard, settings } };

        ~AfterCollection()
        {
            if (Environment.HasShutdownStarted)
                return;
            foreach ((MemoryGuard guard, Func<LoadThreshold> settings) in _guard)
            {
                guard.Look(settings());
                _ = new AfterCollection(guard, settings);
            }
        }
    }
}
