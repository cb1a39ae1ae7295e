using System.Security.Authentication;

namespace Actors443.Tls;

/// <summary>TLS versions as people and OpenTelemetry write them.</summary>
internal static class TlsNames
{
    public static string Version(SslProtocols protocol) => protocol switch
    {
        SslProtocols.Tls13 => "1.3",
        SslProtocols.Tls12 => "1.2",
        SslProtocols.None => "none",
        _ => protocol.ToString(),
    };
}
