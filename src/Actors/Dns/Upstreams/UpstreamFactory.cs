using System.Net;
using System.Net.NetworkInformation;
using System.Net.Security;
using Actors443.Configuration;
using Actors443.Dns.Tls;
using Actors443.Telemetry;
using Actors443.Tls;

namespace Actors443.Dns.Upstreams;

/// <summary>Makes what the settings name.</summary>
internal static class UpstreamFactory
{
    public const int DnsPort = 53;

    public static UpstreamGroup Make(DnsSettings settings, DnsMetrics metrics, ILogger log, TimeProvider time)
    {
        IReadOnlyList<DnsUpstreamSettings> wanted = settings.Upstreams.Count > 0
            ? settings.Upstreams
            : [.. SystemResolvers().Select(address => new DnsUpstreamSettings(DnsUpstreamProtocol.Udp, address.ToString(), DnsPort))];
        return new UpstreamGroup([.. wanted.Select(upstream => new UpstreamState(Make(upstream, settings, time)))], settings, metrics, log, time);
    }

    /// <summary>Whether these can be made.</summary>
    /// <exception cref="ClientCaException">A file of CAs cannot be read.</exception>
    public static void Check(DnsSettings settings)
    {
        foreach (DnsUpstreamSettings upstream in settings.Upstreams.Where(upstream => upstream.TrustedRoots is not null))
            TrustedRoots.Check(upstream.TrustedRoots!, $"dns.upstreams: {upstream.Name}");
    }

    /// <summary>The servers that this machine's own programs ask.</summary>
    public static IReadOnlyList<IPAddress> SystemResolvers()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().DnsAddresses).Distinct()];
        }
        catch (Exception cause) when (cause is NetworkInformationException or PlatformNotSupportedException)
        {
            return [];
        }
    }

    private static IDnsUpstream Make(DnsUpstreamSettings upstream, DnsSettings settings, TimeProvider time)
    {
        IPAddress? address = upstream.Address ?? (IPAddress.TryParse(upstream.Host, out IPAddress? written) ? written : null);
        return upstream.Protocol switch
        {
            DnsUpstreamProtocol.Udp => new UdpUpstream(upstream.Name, new IPEndPoint(address!, upstream.Port), settings.MixCase, time),
            DnsUpstreamProtocol.Tcp => StreamUpstream.Tcp(upstream.Name, new IPEndPoint(address!, upstream.Port), time),
            DnsUpstreamProtocol.Tls => StreamUpstream.Tls(
                upstream.Name, address is null ? new DnsEndPoint(upstream.Host, upstream.Port) : new IPEndPoint(address, upstream.Port), Tls(upstream), time),
            _ => new HttpsUpstream(upstream.Name, new Uri(upstream.Name), address, Tls(upstream)),
        };
    }

    private static SslClientAuthenticationOptions Tls(DnsUpstreamSettings upstream)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = upstream.Host };
        if (upstream.Protocol == DnsUpstreamProtocol.Tls)
            options.ApplicationProtocols = [new SslApplicationProtocol(DnsOverTls.Protocol)];
        if (upstream.TrustedRoots is not { } file)
            return options;
        options.CertificateChainPolicy = TrustedRoots.PolicyOf(TrustedRoots.Load(file));
        return options;
    }
}
