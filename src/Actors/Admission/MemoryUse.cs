namespace Actors443.Admission;

/// <summary>What this process holds of the memory that it may.</summary>
/// <param name="Used">Bytes.</param>
/// <param name="Available">Bytes; 0: not known.</param>
/// <param name="IsHardLimited">The heap has a limit of its own (<c>DOTNET_GCHeapHardLimit</c>), beyond which there is no memory.</param>
internal readonly record struct MemoryUse(long Used, long Available, bool IsHardLimited)
{
    private static readonly bool HardLimited = GC.GetConfigurationVariables().TryGetValue("GCHeapHardLimit", out object? limit) && limit is long and > 0;

    public double Share => Available <= 0 ? 0 : (double)Used / Available;

    // TotalAvailableMemoryBytes honours cgroups and the GC's hard limit. What the process itself holds is compared: other processes' memory is not ours to give back.
    public static MemoryUse OfThisProcess() =>
        new(HardLimited ? GC.GetTotalMemory(forceFullCollection: false) : Environment.WorkingSet, GC.GetGCMemoryInfo(GCKind.Any).TotalAvailableMemoryBytes, HardLimited);
}
