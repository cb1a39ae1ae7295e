using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Actors443.Cluster.Nodes;
using Actors443.Dns;
using Akka.Actor;

namespace Actors443.Cluster.Dns;

/// <summary>
/// Names shared among the nodes by rendezvous hashing: each node has a weight for each name, and the heaviest has it. When a node goes its names go to all others, and no other name moves.
/// Thread-safe.
/// </summary>
internal sealed class ClusterDns(ClusterNodes nodes, Address self) : IDnsNeighbors
{
    private volatile Node[] _nodes = [];

    /// <summary>These share from now on, this node among them.</summary>
    public void Publish(IEnumerable<Address> addresses) => _nodes = [.. addresses.Select(address => new Node(address, HashOf(Encoding.UTF8.GetBytes(ClusterNodes.NameOf(address)))))];

    public Address? OwnerOf(ReadOnlySpan<byte> key)
    {
        Node[] all = _nodes;
        if (all.Length < 2)
            return null;
        ulong hash = HashOf(key);
        Node heaviest = all[0];
        ulong most = 0;
        foreach (Node node in all)
        {
            ulong weight = Mix(hash ^ node.Hash);
            if (weight >= most)
                (heaviest, most) = (node, weight);
        }

        return heaviest.Address.Equals(self) ? null : heaviest.Address;
    }

    public async Task<byte[]?> AskAsync(Address owner, byte[] key, bool isRefresh, TimeSpan within) =>
        (await nodes.AskAsync<DnsFromNode>(owner, DnsNodeActor.Name, new AskDnsOfNode(key, isRefresh), within)).Answer?.Message;

    // The same in every process, which the framework's hash of texts is not.
    private static ulong HashOf(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    // The finisher of SplitMix64: every bit of the input changes half of the output's.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private readonly record struct Node(Address Address, ulong Hash);
}
