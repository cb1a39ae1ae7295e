using System.Security.Cryptography.X509Certificates;
using Actors443.Acme.Orders;
using Actors443.Acme.Protocol;
using Akka.Actor;

namespace Actors443.Testing.Acme;

/// <summary>Servers whose sites have certificates by ACME, and what their visitors are shown.</summary>
internal static partial class AcmeSites
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>A configuration with a site for each name, all with <c>certificate = acme</c>.</summary>
    /// <param name="folder">Gets the roots that the CA's TLS is verified by.</param>
    /// <param name="issuers">In order.</param>
    /// <param name="names">Of the sites.</param>
    /// <param name="acme">More settings of <c>acme</c>; they win.</param>
    /// <param name="issuerMore">More settings of each issuer.</param>
    public static string Hocon(TemporaryFolder folder, IReadOnlyList<AcmeIssuer> issuers, IEnumerable<string> names, string acme = "", string issuerMore = "")
    {
        IEnumerable<string> written = issuers.Select((issuer, i) =>
        {
            string roots = folder.Write($"roots-{i}.pem", string.Join('\n', issuer.TrustedRoots.Select(root => root.ExportCertificatePem())));
            return $$"""{ name = "{{issuer.Name}}", directory = "{{issuer.Directory}}", trusted-roots = "{{roots}}"{{(issuerMore.Length > 0 ? ", " + issuerMore : "")}} }""";
        });
        return $$"""
            actors443 {
              sites {
            {{string.Join('\n', names.Select(name => $$"""    "{{name}}" { respond = "This is {{name}}", certificate = acme }"""))}}
              }
              certificates.acme {
                email = "admin@site.test"
                agree-to-terms = on
                issuers = [{{string.Join(", ", written)}}]
                poll-interval = 100ms
                retry { minimum = 200ms, maximum = 1s }
                {{acme}}
              }
            }
            """;
    }

    /// <summary>Waits until a visitor is shown a certificate that somebody of this name has issued.</summary>
    public static async Task<X509Certificate2> AwaitIssuerAsync(int port, string name, string issuer)
    {
        X509Certificate2? shown = null;
        await Eventually.HoldsAsync(
            async () => (shown = await ShownAsync(port, name)).GetNameInfo(X509NameType.SimpleName, forIssuer: true).Contains(issuer, StringComparison.Ordinal),
            $"{name} shows a certificate of {issuer}",
            Patience);
        return shown!;
    }

    public static Task<CertificateStory> StoryAsync(this RunningServer server, string name) => server.Supervisor.Ask<CertificateStory>(new ExplainCertificate(name), TimeSpan.FromSeconds(10));

    public static Task<RenewalAnswer> RenewAsync(this RunningServer server, string name) => server.Supervisor.Ask<RenewalAnswer>(new RenewCertificate(name), TimeSpan.FromSeconds(10));

    /// <summary>Waits until the story of a name has a line with this.</summary>
    public static async Task<CertificateStory> AwaitStoryAsync(this RunningServer server, string name, string part)
    {
        CertificateStory story = await server.StoryAsync(name);
        await Eventually.HoldsAsync(
            async () => (story = await server.StoryAsync(name)).Lines.Any(line => line.Text.Contains(part, StringComparison.Ordinal)),
            $"the story says \"{part}\"",
            Patience);
        return story;
    }
}
