using Actors443.Cluster.Identity;
using Akka.Cluster;
using Akka.DistributedData;

namespace Actors443.Cluster;

/// <summary>
/// Something secret that all nodes have, in one register of Akka.DistributedData: sealed, and the latest generation wins, whatever the clocks say. The generation stands where the
/// register has a time. Thread-safe.
/// </summary>
internal sealed class SealedRegister(string purpose, ClusterSeal seal)
{
    /// <summary>For questions to the replicator.</summary>
    public LWWRegisterKey<string> Key { get; } = new("actors443-" + purpose);

    /// <summary>What it is, for people.</summary>
    public string Purpose => purpose;

    public static LWWRegister<string> Empty(UniqueAddress node) => new(node, "", 0);

    /// <summary>To write that generation of it, unless the same or a later one is there. Sealed now, however often the replicator applies it.</summary>
    public Func<LWWRegister<string>, LWWRegister<string>> Write(UniqueAddress node, long generation, ReadOnlySpan<byte> plain)
    {
        var written = new LWWRegister<string>(node, Convert.ToBase64String(seal.Seal(plain, purpose, generation)), generation);
        return register => register.Timestamp >= generation ? register : written;
    }

    /// <summary>What is in it; null: nothing, or it cannot be opened.</summary>
    public byte[]? Read(LWWRegister<string> register) =>
        register.Value.Length == 0 ? null : seal.Open(Convert.FromBase64String(register.Value), purpose, register.Timestamp);
}
