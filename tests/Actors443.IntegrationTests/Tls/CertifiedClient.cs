using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.IntegrationTests.Engine;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tls;

/// <summary>A client that shows a certificate.</summary>
internal static class CertifiedClient
{
    /// <param name="host">Who is connected to.</param>
    /// <param name="certificate">What is shown.</param>
    /// <param name="resumes">SslStream keeps sessions by host: one client's may be offered by the next, with the certificate of the first.</param>
    public static Task<TlsClient> ConnectAsync(EngineHost host, X509Certificate2 certificate, bool resumes = false) => TlsClient.ConnectAsync(host.Port, configure: options =>
    {
        options.ClientCertificates = [certificate];
        options.AllowTlsResume = resumes;
        options.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
    });

    /// <summary>In TLS 1.3 a client learns of a refusal after its own handshake.</summary>
    public static async Task<bool> IsServedAsync(EngineHost host, X509Certificate2 certificate, bool resumes = false)
    {
        try
        {
            await using TlsClient client = await ConnectAsync(host, certificate, resumes);
            return (await client.GetAsync()).Status == (int)HttpStatusCode.OK;
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException)
        {
            return false;
        }
    }
}
