using System.Net;
using System.Net.Sockets;

namespace Actors443.Certificates.Canary;

/// <summary>A share of the clients, by address, so that none is shown one thing and another in turn. Immutable.</summary>
/// <param name="share">0…1.</param>
/// <param name="trial">Another part of the clients for each: it shall not always be the same who suffer.</param>
internal sealed class CanaryShare(double share, long trial)
{
    private const int Scale = 1_000_000;

    private readonly int _threshold = (int)(share * Scale);
    private readonly uint _salt = unchecked((uint)trial * 2654435761u);

    public double Share => share;

    /// <summary>Whether this client is among them: an IPv6 client by its /64.</summary>
    public bool Takes(IPAddress client)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!client.TryWriteBytes(bytes, out int length))
            return false;
        if (client.AddressFamily == AddressFamily.InterNetworkV6)
            length = 8;
        // FNV-1a, mixed once more: neighbours shall not be alike.
        uint hash = 2166136261 ^ _salt;
        foreach (byte part in bytes[..length])
            hash = unchecked((hash ^ part) * 16777619);
        hash ^= hash >> 16;
        hash = unchecked(hash * 0x85EBCA6B);
        hash ^= hash >> 13;
        hash = unchecked(hash * 0xC2B2AE35);
        hash ^= hash >> 16;
        return hash % Scale < _threshold;
    }
}
