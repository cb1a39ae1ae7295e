using System.Collections.Concurrent;
using System.Net;
using Actors443.Engine;

namespace Actors443.Remoting;

/// <summary>Addresses from which nodes have come, or at which they were found, with certificates that were good. Thread-safe.</summary>
internal sealed class KnownPeers
{
    // A cluster has some hundreds of nodes at most; containers get new addresses again and again.
    private const int Most = 4096;

    private readonly ConcurrentDictionary<IPAddress, byte> _addresses = new();
    private volatile bool _areExpected;

    /// <summary>An actor system is reached by the https listeners.</summary>
    public bool AreExpected
    {
        get => _areExpected;
        set => _areExpected = value;
    }

    public void Learn(IPAddress address)
    {
        if (_addresses.Count >= Most)
            _addresses.Clear();
        _addresses[PlainAddress.Of(address)] = 0;
    }

    public bool Contains(IPAddress address) => !_addresses.IsEmpty && _addresses.ContainsKey(PlainAddress.Of(address));
}
