using Actors443.Certificates;
using Actors443.Certificates.Canary;
using Actors443.Configuration;
using Actors443.IntegrationTests.Engine;
using Actors443.Supervision;
using Actors443.Testing;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Certificates;

/// <summary>A canary as real clients make it fail: with their alerts, by both engines.</summary>
public sealed class CanaryRolloutTests : IDisposable
{
    private readonly TestCertificates _root = new();
    private readonly TestCertificates _intermediate;
    private readonly TemporaryFolder _folder = new();

    public CanaryRolloutTests() => _intermediate = _root.Intermediate();

    public void Dispose()
    {
        _folder.Dispose();
        _intermediate.Dispose();
        _root.Dispose();
    }

    [SkippableTheory]
    [InlineData(EngineKind.EventLoop)]
    [InlineData(EngineKind.Portable)]
    public async Task Alerts_of_real_clients_roll_it_back(EngineKind kind)
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        using var trusted = new TemporaryFolder();
        string root = trusted.Write("root.crt", _root.CertificatePem);
        _intermediate.Issue("localhost").WritePair(_folder, "site");
        await using EngineHost host = await EngineHost.StartAsync(kind, settings => settings with
        {
            Certificates = settings.Certificates with { Directories = [_folder.Path], Canary = new CanarySettings { Share = 0.5 } },
        });
        TestCertificate broken = _intermediate.Issue("localhost");
        _folder.Write("site.key", broken.KeyPem);
        _folder.Write("site.pem", broken.WithKey.ExportCertificatePem() + "\n");
        await Eventually.HoldsAsync(async () => (await ListAsync(host)).Canary?.State == CanaryState.Trying, "it is on trial");

        int refused = 0;
        for (int client = 1; client < 100 && (await ListAsync(host)).Canary!.State == CanaryState.Trying; client++)
        {
            if (!await IsServedAsync(host, root, $"127.0.0.{client}"))
                refused++;
        }

        await Eventually.HoldsAsync(async () => (await ListAsync(host)).Canary!.State == CanaryState.RolledBack, "it is rolled back");
        CanaryStatus status = (await ListAsync(host)).Canary!;
        Assert.InRange(refused, 3, 6);
        Assert.Equal(new CanaryFailure("the client sent the alert unknown_ca", "localhost", status.Failures), Assert.Single(status.WhoBroke));
        Assert.True(await IsServedAsync(host, root, status.Clients[0]));
    }

    // Trusts the root alone, and takes the intermediates that the server sends.
    private static async Task<bool> IsServedAsync(EngineHost host, string root, string from)
    {
        await using OpenSslDialogue client = OpenSslDialogue.Start(host.Port, "-bind", $"{from}:0", "-CAfile", root, "-verify_return_error", "-ign_eof");
        await client.SayAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        await Eventually.HoldsAsync(() => client.HasEnded, "it has come to an end", TimeSpan.FromSeconds(60));
        await client.DisposeAsync();
        return client.Output.Contains("HTTP/1.1 200", StringComparison.Ordinal);
    }

    private static Task<CertificateList> ListAsync(EngineHost host) =>
        host.Services.GetRequiredService<IRequiredActor<Actors443Supervisor>>().ActorRef.Ask<CertificateList>(ListCertificates.Instance, TimeSpan.FromSeconds(10));
}
