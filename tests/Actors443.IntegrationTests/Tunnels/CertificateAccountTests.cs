using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>Accounts that a client certificate proves.</summary>
public sealed class CertificateAccountTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority = new("Clients");

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task A_certificate_stands_for_its_account_and_another_of_the_same_CA_for_none(string engine)
    {
        X509Certificate2 carol = _authority.IssueClient("carol").WithKey;
        X509Certificate2 other = _authority.IssueClient("carol").WithKey;
        string hocon = $$"""
            actors443 {
              https.client-certificates { ca = "{{_folder.Write("clients.pem", _authority.CertificatePem)}}", mode = optional }
              sites { "*" { respond = "hello" } }
              tunnels.accounts { carol { certificates = ["sha256:{{carol.GetCertHashString(HashAlgorithmName.SHA256)}}"], allow = ["127.0.0.0/8:*"] } }
            }
            """;
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await RunningServer.StartAsync(hocon, "engine=" + engine);

        await using TlsClient known = await ConnectAsync(server, target, carol);
        Assert.Equal(200, (await known.ReadAnswerAsync()).Status);
        Assert.Equal("carol", Assert.Single(await TunnelServer.TunnelsAsync(server)).Account);
        await known.SendAsync("across");
        byte[] back = new byte[6];
        await known.Stream.ReadExactlyAsync(back);
        Assert.Equal("across"u8.ToArray(), back);

        // They see what a site says to CONNECT.
        await using TlsClient stranger = await ConnectAsync(server, target, other);
        Assert.Equal(405, (await stranger.ReadAnswerAsync()).Status);
        await using TlsClient nobody = await ConnectAsync(server, target, null);
        Assert.Equal(405, (await nobody.ReadAnswerAsync()).Status);
    }

    private static async Task<TlsClient> ConnectAsync(RunningServer server, TargetServer target, X509Certificate2? certificate)
    {
        TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort, configure: options => options.ClientCertificates = certificate is null ? null : [certificate]);
        await client.SendAsync(TunnelServer.Request(target.Authority, authorization: null));
        return client;
    }
}
