using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Actors443.Engine;

namespace Actors443.ProxyProtocol;

/// <summary>Says to upstreams, as a proxy in front of them, whose connection is brought (PROXY protocol, versions 1 and 2). Pure.</summary>
internal static class ProxyHeaderWriter
{
    private const byte Proxied = 0x21;
    private const byte TcpOverIpv4 = 0x11;
    private const byte TcpOverIpv6 = 0x21;

    /// <summary>What there is to say of a connection: with its TLS if that ended here.</summary>
    public static ProxyHeader Of(EngineConnection connection, int version) => new()
    {
        Version = version,
        Source = connection.Remote,
        Destination = connection.Local,
        Authority = connection.ServerName,
        ApplicationProtocol = connection.ApplicationProtocol.Protocol.IsEmpty ? null : connection.ApplicationProtocol.ToString(),
        UniqueId = Encoding.ASCII.GetBytes(connection.Id),
        Tls = connection.TlsVersion == SslProtocols.None ? null : new ProxyTls
        {
            Version = connection.TlsVersion == SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2",
            Cipher = connection.CipherSuite is { } suite ? NameOf(suite) : null,
            HasClientCertificate = connection.ClientCertificate is not null,
            // No other is let in.
            IsClientCertificateVerified = connection.ClientCertificate is not null,
            ClientCommonName = connection.ClientCertificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
        },
    };

    /// <summary>The bytes that go before all others. Of a version 2 the last is a checksum.</summary>
    public static byte[] Write(ProxyHeader header)
    {
        IPAddress source = PlainAddress.Of(header.Source!.Address);
        IPAddress destination = PlainAddress.Of(header.Destination!.Address);
        // One family for both: IPv4 within IPv6 is what is left where they differ.
        if (source.AddressFamily != destination.AddressFamily)
            (source, destination) = (source.MapToIPv6(), destination.MapToIPv6());
        return header.Version == 1
            ? Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"PROXY {(source.AddressFamily == AddressFamily.InterNetwork ? "TCP4" : "TCP6")} {Written(source)} {Written(destination)} {header.Source.Port} {header.Destination.Port}\r\n"))
            : WriteBinary(header, source, destination);
    }

    private static string Written(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes()).ToString() : address.ToString();

    private static byte[] WriteBinary(ProxyHeader header, IPAddress source, IPAddress destination)
    {
        var body = new MemoryStream();
        body.Write(source.GetAddressBytes());
        body.Write(destination.GetAddressBytes());
        Span<byte> two = stackalloc byte[2];
        foreach (int port in (ReadOnlySpan<int>)[header.Source!.Port, header.Destination!.Port])
        {
            BinaryPrimitives.WriteUInt16BigEndian(two, (ushort)port);
            body.Write(two);
        }

        Add(body, ProxyHeaderReader.TypeAlpn, header.ApplicationProtocol);
        Add(body, ProxyHeaderReader.TypeAuthority, header.Authority);
        Add(body, ProxyHeaderReader.TypeUniqueId, header.UniqueId.Span);
        if (header.Tls is { } tls)
            Add(body, ProxyHeaderReader.TypeTls, WriteTls(tls));
        Add(body, ProxyHeaderReader.TypeCrc32C, new byte[sizeof(uint)]);
        byte[] whole = [.. ProxyHeaderReader.Signature, Proxied, source.AddressFamily == AddressFamily.InterNetwork ? TcpOverIpv4 : TcpOverIpv6, (byte)(body.Length >> 8), (byte)body.Length, .. body.ToArray()];
        BinaryPrimitives.WriteUInt32BigEndian(whole.AsSpan(^sizeof(uint)..), ProxyHeaderReader.Sum(whole, whole.Length - sizeof(uint)));
        return whole;
    }

    private static byte[] WriteTls(ProxyTls tls)
    {
        var value = new MemoryStream();
        value.WriteByte((byte)(ProxyHeaderReader.ClientSsl | (tls.HasClientCertificate ? ProxyHeaderReader.CertificateOnConnection | ProxyHeaderReader.CertificateInSession : 0)));
        value.Write([0, 0, 0, (byte)(tls.IsClientCertificateVerified ? 0 : 1)]);
        Add(value, ProxyHeaderReader.SubTypeVersion, tls.Version);
        Add(value, ProxyHeaderReader.SubTypeCommonName, tls.ClientCommonName);
        Add(value, ProxyHeaderReader.SubTypeCipher, tls.Cipher);
        return value.ToArray();
    }

    private static void Add(MemoryStream body, byte type, string? text)
    {
        if (!string.IsNullOrEmpty(text))
            Add(body, type, Encoding.UTF8.GetBytes(text));
    }

    private static void Add(MemoryStream body, byte type, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
            return;
        body.Write([type, (byte)(value.Length >> 8), (byte)value.Length]);
        body.Write(value);
    }

    // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is ECDHE-RSA-AES128-GCM-SHA256 to everybody who reads these; the suites of TLS 1.3 have one name.
    private static string NameOf(TlsCipherSuite suite)
    {
        string name = suite.ToString();
        return name.StartsWith("TLS_ECDHE_", StringComparison.Ordinal)
            ? name[4..].Replace("_WITH_", "_", StringComparison.Ordinal).Replace("AES_", "AES", StringComparison.Ordinal).Replace('_', '-')
            : name;
    }
}
