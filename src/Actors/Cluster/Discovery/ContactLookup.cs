using System.Net;
using System.Net.Sockets;
using Actors443.Tunnels.Targets;

namespace Actors443.Cluster.Discovery;

/// <summary>Finds the nodes that contacts stand for. Immutable.</summary>
/// <param name="contacts"><c>host:port</c> each; every address of a name is a node.</param>
internal sealed class ContactLookup(IReadOnlyList<string> contacts)
{
    private readonly TunnelTarget[] _contacts = [.. contacts.Select(contact => TunnelTarget.Parse(contact) ?? throw new ArgumentException($"'{contact}' is no host with a port.", nameof(contacts)))];

    /// <summary>Names of nodes, as the cluster has them. A name that cannot be looked up now has its problem told, and no nodes.</summary>
    public async Task<(IReadOnlyCollection<string> Nodes, IReadOnlyCollection<string> Problems)> FindAsync(CancellationToken cancellationToken)
    {
        HashSet<string> nodes = new(StringComparer.Ordinal);
        List<string> problems = [];
        foreach (TunnelTarget contact in _contacts)
        {
            if (contact.Address is not null)
            {
                nodes.Add(contact.ToString());
                continue;
            }

            try
            {
                // Link-local addresses say nothing without an interface, which each node has its own of.
                foreach (IPAddress address in (await System.Net.Dns.GetHostAddressesAsync(contact.Host, cancellationToken)).Where(address => !address.IsIPv6LinkLocal))
                    nodes.Add(new TunnelTarget(address.ToString(), address, contact.Port).ToString());
            }
            catch (SocketException cause)
            {
                problems.Add($"{contact.Host}: {cause.Message}");
            }
        }

        return (nodes, problems);
    }
}
