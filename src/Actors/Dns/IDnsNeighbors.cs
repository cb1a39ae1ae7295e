using Akka.Actor;

namespace Actors443.Dns;

/// <summary>Servers that share the names with this one: each name is one server's, who asks upstreams for all. Thread-safe.</summary>
internal interface IDnsNeighbors
{
    /// <summary>Whose this key's question is; null: this server's own.</summary>
    Address? OwnerOf(ReadOnlySpan<byte> key);

    /// <summary>What it answers, whole and with what is left of the times; null: nothing within that time, or it has no answer.</summary>
    Task<byte[]?> AskAsync(Address owner, byte[] key, bool isRefresh, TimeSpan within);
}
