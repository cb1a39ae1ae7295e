using System.Runtime.InteropServices;

namespace Actors443.Server.Cli.Doctor;

/// <summary>Whether something keeps the system's clock right (adjtimex(2)).</summary>
internal static unsafe partial class SystemClock
{
    private const int NotSynchronized = 5;

    // Larger than struct timex of any platform.
    private const int TimexSize = 512;

    /// <summary>Null: the kernel does not tell.</summary>
    public static bool? IsSynchronized()
    {
        // No mode is set: nothing is changed.
        byte* timex = stackalloc byte[TimexSize];
        NativeMemory.Clear(timex, TimexSize);
        return Adjust(timex) switch
        {
            < 0 => null,
            NotSynchronized => false,
            _ => true,
        };
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int Adjust(byte* timex);
}
