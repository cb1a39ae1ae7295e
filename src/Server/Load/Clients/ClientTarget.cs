using System.Net;
using System.Net.Sockets;
using Actors443.Server.Load.Settings;

namespace Actors443.Server.Load.Clients;

/// <summary>Where connections go and where they come from: native socket addresses, made once.</summary>
internal sealed class ClientTarget
{
    /// <summary>Ephemeral ports one source address is good for, with some to spare.</summary>
    private const int PortsPerSource = 20_000;

    private readonly byte[][] _sources;

    private ClientTarget(Uri address, byte[] destination, byte[][] sources)
    {
        Address = address;
        Destination = destination;
        _sources = sources;
        Family = destination[0] | destination[1] << 8;
    }

    public Uri Address { get; }

    /// <summary>A native socket address.</summary>
    public byte[] Destination { get; }

    /// <summary>The native address family.</summary>
    public int Family { get; }

    /// <exception cref="LoadException">The host has no address.</exception>
    public static async Task<ClientTarget> ResolveAsync(LoadSettings settings, CancellationToken cancellationToken)
    {
        IPAddress[] addresses;
        try
        {
            addresses = await System.Net.Dns.GetHostAddressesAsync(settings.Target.IdnHost, cancellationToken);
        }
        catch (SocketException cause)
        {
            throw new LoadException($"{settings.Target.Host} has no address: {cause.Message}.", cause);
        }

        if (!settings.OwnTarget && settings.Groups.Any(group => group is AbuseGroup) && !addresses.All(IPAddress.IsLoopback))
            throw new LoadException($"Abuse goes to loopback only, and {settings.Target.Host} is elsewhere; add --i-own-this-target if it is yours.") { IsBadUsage = true };

        // Servers on loopback mostly listen on IPv4; only there are many source addresses to be had.
        IPAddress address = addresses.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork) ?? addresses.FirstOrDefault()
            ?? throw new LoadException($"{settings.Target.Host} has no address.");
        return new ClientTarget(settings.Target, Native(new IPEndPoint(address, settings.Target.Port)), Sources(settings, address));
    }

    /// <summary>The address the n-th session connects from; null: the kernel chooses.</summary>
    public byte[]? Source(int session) => _sources.Length == 0 ? null : _sources[session % _sources.Length];

    private static byte[][] Sources(LoadSettings settings, IPAddress target)
    {
        if (target.AddressFamily != AddressFamily.InterNetwork || !IPAddress.IsLoopback(target))
            return [];
        // Connections that come and go leave ports behind that cannot be used again for a while.
        bool churns = settings.Groups.Any(group => group is HandshakesGroup or StormGroup or AbuseGroup);
        int needed = settings.Groups.Sum(group => group.Connections) / PortsPerSource + (churns ? 8 : 1);
        int count = settings.SourceAddresses > 0 ? settings.SourceAddresses : needed;
        return count == 1 ? [] : [.. Enumerable.Range(0, count).Select(index => Native(new IPEndPoint(Loopback(index), 0)))];
    }

    /// <summary>127.0.0.1, 127.0.0.2, …</summary>
    private static IPAddress Loopback(int index) => new([127, (byte)((index + 1) >> 16), (byte)((index + 1) >> 8), (byte)(index + 1)]);

    private static byte[] Native(IPEndPoint endPoint)
    {
        SocketAddress address = endPoint.Serialize();
        return address.Buffer[..address.Size].ToArray();
    }
}
