using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.Testing.Acme;

/// <content>What visitors are shown; needs no server in this process.</content>
internal static partial class AcmeSites
{
    /// <summary>The certificate that a visitor of the name is shown.</summary>
    public static async Task<X509Certificate2> ShownAsync(int port, string name)
    {
        using var client = new TcpClient(AddressFamily.InterNetwork);
        await client.ConnectAsync(System.Net.IPAddress.Loopback, port);
        X509Certificate2? shown = null;
        await using var tls = new SslStream(client.GetStream(), false, (_, certificate, _, _) =>
        {
            shown = X509CertificateLoader.LoadCertificate(certificate!.GetRawCertData());
            return certificate.GetRawCertData().Length > 0;
        });
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name });
        return shown!;
    }
}
