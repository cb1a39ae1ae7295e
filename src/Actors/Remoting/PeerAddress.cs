using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Akka.Actor;

namespace Actors443.Remoting;

/// <summary>An actor system as the others reach it. Immutable.</summary>
/// <param name="System">Its name.</param>
/// <param name="Host">A name, or an address (IPv6 in brackets), as Akka has it.</param>
/// <param name="Port">Of that.</param>
internal sealed record PeerAddress(string System, string Host, int Port)
{
    private const int Longest = 512;

    /// <summary>For DNS and certificates.</summary>
    public string PlainHost => Host.Trim('[', ']');

    public Address ToAddress(string scheme) => new(scheme, System, Host, Port);

    /// <summary>Null: it has no host or no port, and is of no other system.</summary>
    public static PeerAddress? Of(Address address) => address is { Host: { Length: > 0 } host, Port: { } port } ? new(address.System, host, port) : null;

    /// <summary>As Akka writes the host of an address.</summary>
    public static string HostOf(string host) => IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && address.AddressFamily == global::System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : host;

    /// <summary>Reads <see cref="ToString"/>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PeerAddress? address)
    {
        address = null;
        int at = text.IndexOf('@', StringComparison.Ordinal);
        int colon = text.LastIndexOf(':');
        if (text.Length > Longest || at < 1 || colon < at + 2)
            return false;
        ReadOnlySpan<char> port = text.AsSpan(colon + 1);
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > IPEndPoint.MaxPort)
            return false;
        string host = text[(at + 1)..colon];
        if (text.Any(character => char.IsControl(character) || char.IsWhiteSpace(character)) || Uri.CheckHostName(host) == UriHostNameType.Unknown)
            return false;
        address = new PeerAddress(text[..at], host, number);
        return true;
    }

    /// <summary>The same system: names of hosts have no case.</summary>
    public bool IsSame(PeerAddress other) => Port == other.Port && System == other.System && Host.Equals(other.Host, StringComparison.OrdinalIgnoreCase);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{System}@{Host}:{Port}");
}
