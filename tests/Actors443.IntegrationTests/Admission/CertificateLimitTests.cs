using System.Security.Cryptography.X509Certificates;
using Actors443.Admission.Sharing;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.IntegrationTests.Engine;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Admission;

/// <summary><c>admission.per-certificate</c>.</summary>
public sealed class CertificateLimitTests : IDisposable
{
    private readonly TestCertificates _authority = new("Clients");
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        _authority.Dispose();
    }

    [Theory]
    [InlineData(EngineKind.EventLoop)]
    [InlineData(EngineKind.Portable)]
    public async Task A_certificate_has_as_many_connections_as_it_may_and_another_its_own(EngineKind kind)
    {
        using X509Certificate2 alice = _authority.IssueClient("alice").WithKey;
        using X509Certificate2 bob = _authority.IssueClient("bob").WithKey;
        await using EngineHost host = await EngineHost.StartAsync(kind, settings => settings with
        {
            Https = settings.Https with { ClientCertificates = new ClientCertificateSettings(ClientCertificateMode.Required, _folder.Write("ca.pem", _authority.CertificatePem)) },
            Admission = settings.Admission with { PerCertificate = new CertificateLimitSettings { Connections = 2 } },
        });
        ISharedCounts counts = host.Environment.CertificateCounts;
        await using TlsClient first = await ConnectAsync(host, alice);
        await using TlsClient second = await ConnectAsync(host, alice);
        await Eventually.HoldsAsync(() => counts.All.SingleOrDefault()?.Here == 2, "both are counted");

        await using (TlsClient third = await ConnectAsync(host, alice))
            Assert.True(await third.EndsAsync());
        await host.AwaitObituaryAsync(obituary => obituary is { Reason: CloseReason.CertificateConnectionLimit, Detail: "CN=alice" });
        await using TlsClient other = await ConnectAsync(host, bob);
        Assert.Equal(200, (await other.GetAsync()).Status);

        await second.DisposeAsync();
        await Eventually.HoldsAsync(() => counts.All.Sum(count => count.Here) == 2, "one has left");
        await using TlsClient next = await ConnectAsync(host, alice);
        Assert.Equal((200, 200), ((await next.GetAsync()).Status, (await first.GetAsync()).Status));
        await next.DisposeAsync();
        await first.DisposeAsync();
        await other.DisposeAsync();
        await Eventually.HoldsAsync(() => !counts.All.Any(), "nobody is remembered");
    }

    private static Task<TlsClient> ConnectAsync(EngineHost host, X509Certificate2 certificate) => TlsClient.ConnectAsync(host.Port, configure: options =>
    {
        options.AllowTlsResume = false;
        options.ClientCertificates = [certificate];
        options.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
    });
}
