using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Engine;

/// <summary>
/// Descriptors that clients' connections may not take: without any the runtime can start no thread and load no assembly, and ends the process. A connection's own number
/// tells how many are left, for the kernel gives the lowest that is free. Without effect but on Linux. Thread-safe.
/// </summary>
internal static class DescriptorReserve
{
    private const int Least = 32;
    private const int Most = 256;
    private const int Share = 8;

    private static volatile int _first = First();

    /// <summary>With this one what is left is reserved.</summary>
    public static bool IsReached(nint accepted) => accepted >= _first;

    /// <summary>Nothing but what is reserved is left. For whoever waits: the limit is asked for anew.</summary>
    /// <param name="open">Any descriptor of ours.</param>
    public static bool IsReachedNow(int open)
    {
        _first = First();
        if (_first == int.MaxValue)
            return false;
        int free = LibC.dup(open);
        if (free < 0)
            return LibC.Error is LibC.EMFILE or LibC.ENFILE;
        _ = LibC.close(free);
        return free >= _first;
    }

    private static unsafe int First()
    {
        LibC.ResourceLimit limit;
        if (!OperatingSystem.IsLinux() || LibC.getrlimit(LibC.LimitOfFiles, &limit) != 0 || limit.Current > int.MaxValue)
            return int.MaxValue;
        int most = (int)limit.Current;
        return most - Math.Clamp(most / Share, Least, Most);
    }
}
