using System.Collections.Concurrent;

namespace Actors443.Tunnels;

/// <summary>The tunnels there are. Written once as a tunnel begins and once as it ends; read by lists, metrics and the sweep. Thread-safe.</summary>
internal sealed class TunnelTable
{
    private readonly ConcurrentDictionary<string, Tunnel> _tunnels = new();

    public IEnumerable<Tunnel> All => _tunnels.Select(pair => pair.Value);

    public bool IsEmpty => _tunnels.IsEmpty;

    public Tunnel? Find(string id) => _tunnels.GetValueOrDefault(id);

    public void Add(Tunnel tunnel) => _tunnels[tunnel.Id] = tunnel;

    public void Remove(Tunnel tunnel) => _tunnels.TryRemove(tunnel.Id, out _);
}
