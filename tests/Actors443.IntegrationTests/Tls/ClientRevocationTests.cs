using System.Numerics;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.IntegrationTests.Engine;
using Actors443.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Actors443.IntegrationTests.Tls;

public sealed class PortableClientRevocationTests() : ClientRevocationTests(EngineKind.Portable);

public sealed class EventLoopClientRevocationTests() : ClientRevocationTests(EngineKind.EventLoop);

/// <summary>Client certificates that are taken back, before a connection and during it.</summary>
public abstract class ClientRevocationTests(EngineKind kind) : IDisposable
{
    private readonly TestCertificates _ours = new("Our clients");
    private readonly TestCertificates _theirs = new("Their clients");
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        _ours.Dispose();
        _theirs.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_revoked_client_is_refused_and_its_open_connection_cut_and_nobody_else_notices()
    {
        using X509Certificate2 alice = _ours.IssueClient("alice").WithKey;
        using X509Certificate2 bob = _ours.IssueClient("bob").WithKey;
        string list = WriteList(_ours, number: 1);
        await using EngineHost host = await StartAsync([list]);
        await using TlsClient open = await CertifiedClient.ConnectAsync(host, alice, resumes: true);
        await using TlsClient other = await CertifiedClient.ConnectAsync(host, bob);
        Assert.Equal((200, 200), ((await open.GetAsync()).Status, (await other.GetAsync()).Status));

        WriteList(_ours, number: 2, revoked: alice);

        Assert.True(await open.EndsAsync());
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.ClientCertificateRevoked && obituary.Detail!.Contains(alice.SerialNumber, StringComparison.Ordinal));
        // A session made before is not resumed either: the same client.
        Assert.False(await CertifiedClient.IsServedAsync(host, alice, resumes: true));
        Assert.True(await CertifiedClient.IsServedAsync(host, bob), await host.ObituariesAsync());
        Assert.Contains(await host.ConnectionsAsync(), connection => connection.Remote.Equals(other.Local));
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_certificate_that_comes_byte_by_byte_is_as_good(SslProtocols protocol)
    {
        using X509Certificate2 alice = _ours.IssueClient("alice").WithKey;
        using X509Certificate2 bob = _ours.IssueClient("bob").WithKey;
        await using EngineHost host = await StartAsync([WriteList(_ours, number: 1, revoked: bob)]);

        await using TlsClient client = await TlsClient.ConnectAsync(
            host.Port,
            protocols: protocol,
            configure: options =>
            {
                options.ClientCertificates = [alice];
                options.AllowTlsResume = false;
            },
            wrap: stream => new TrickleStream(stream));

        Assert.Equal(200, (await client.GetAsync()).Status);
    }

    [Theory]
    [InlineData(ExpiredCrlPolicy.Refuse, false)]
    [InlineData(ExpiredCrlPolicy.Accept, true)]
    public async Task A_list_that_has_expired_is_worth_what_is_set(ExpiredCrlPolicy policy, bool served)
    {
        using X509Certificate2 alice = _ours.IssueClient("alice").WithKey;
        using X509Certificate2 bob = _ours.IssueClient("bob").WithKey;
        await using EngineHost host = await StartAsync([WriteList(_ours, number: 1, revoked: bob, nextUpdate: DateTimeOffset.UtcNow.AddMinutes(-1))], policy);

        Assert.Equal(served, await CertifiedClient.IsServedAsync(host, alice));
        Assert.False(await CertifiedClient.IsServedAsync(host, bob));
        if (!served)
            await host.AwaitObituaryAsync(obituary => obituary.Detail?.Contains("has expired", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task A_list_of_another_signer_is_worth_nothing()
    {
        using X509Certificate2 alice = _ours.IssueClient("alice").WithKey;
        using var forger = new TestCertificates("Our clients");
        await using EngineHost host = await StartAsync([WriteList(forger, number: 1)]);

        Assert.False(await CertifiedClient.IsServedAsync(host, alice));
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.ClientCertificateRejected && obituary.Detail!.Contains("no revocation list of its issuer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_intermediate_needs_a_list_too_and_may_be_revoked()
    {
        using TestCertificates intermediate = _ours.Intermediate("Branch");
        TestCertificate alice = intermediate.IssueClient("alice");
        string branch = WriteList(intermediate, number: 1, file: "branch.crl");
        string root = WriteList(_ours, number: 1);
        _folder.Write("ca.pem", _ours.CertificatePem + intermediate.CertificatePem);
        await using (EngineHost both = await StartAsync([branch, root], ca: _folder.Write("ca.pem", _ours.CertificatePem + intermediate.CertificatePem)))
            Assert.True(await CertifiedClient.IsServedAsync(both, alice.WithKey));
    }

    [Fact]
    public async Task A_list_is_fetched_from_its_url_and_kept_for_a_restart()
    {
        using X509Certificate2 alice = _ours.IssueClient("alice").WithKey;
        using X509Certificate2 bob = _ours.IssueClient("bob").WithKey;
        byte[] list = MakeList(_ours, 1, bob, DateTimeOffset.UtcNow.AddDays(7));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        WebApplication authority = builder.Build();
        authority.Urls.Add("http://127.0.0.1:0");
        authority.MapGet("/our.crl", () => Results.Bytes(list, "application/pkix-crl"));
        await authority.StartAsync();
        string url = authority.Urls.First() + "/our.crl";
        using var state = new TemporaryFolder();
        await using (EngineHost host = await StartAsync([url], state: state.Path))
        {
            await Eventually.HoldsAsync(() => CertifiedClient.IsServedAsync(host, alice), "the list is there");
            Assert.False(await CertifiedClient.IsServedAsync(host, bob));
        }

        await authority.DisposeAsync();
        await using EngineHost again = await StartAsync([url], state: state.Path);
        Assert.True(await CertifiedClient.IsServedAsync(again, alice));
        Assert.False(await CertifiedClient.IsServedAsync(again, bob));
    }

    [Fact]
    public async Task A_bad_list_leaves_the_one_before_in_force()
    {
        using X509Certificate2 alice = _ours.IssueClient("alice").WithKey;
        using X509Certificate2 bob = _ours.IssueClient("bob").WithKey;
        string list = WriteList(_ours, number: 1, revoked: alice);
        await using EngineHost host = await StartAsync([list]);
        Assert.False(await CertifiedClient.IsServedAsync(host, alice));

        await File.WriteAllTextAsync(list, "-----BEGIN X509 CRL-----\nbm8=\n-----END X509 CRL-----\n");

        Assert.False(await CertifiedClient.IsServedAsync(host, alice));
        Assert.True(await CertifiedClient.IsServedAsync(host, bob));
    }

    private static byte[] MakeList(TestCertificates issuer, int number, X509Certificate2? revoked, DateTimeOffset nextUpdate)
    {
        var builder = new CertificateRevocationListBuilder();
        if (revoked is not null)
            builder.AddEntry(revoked, DateTimeOffset.UtcNow.AddHours(-1));
        return builder.Build(issuer.Certificate, new BigInteger(number), nextUpdate, HashAlgorithmName.SHA256, thisUpdate: DateTimeOffset.UtcNow.AddDays(-30).AddMinutes(number));
    }

    private string WriteList(TestCertificates issuer, int number, X509Certificate2? revoked = null, DateTimeOffset? nextUpdate = null, string file = "our.crl") =>
        _folder.Write(file, PemEncoding.WriteString("X509 CRL", MakeList(issuer, number, revoked, nextUpdate ?? DateTimeOffset.UtcNow.AddDays(7))) + "\n");

    private Task<EngineHost> StartAsync(IReadOnlyList<string> lists, ExpiredCrlPolicy expired = ExpiredCrlPolicy.Refuse, string? ca = null, string? state = null)
    {
        var rule = new ClientCertificateSettings(ClientCertificateMode.Required, ca ?? _folder.Write("ca.pem", _ours.CertificatePem)) { Crl = lists, ExpiredCrl = expired };
        return EngineHost.StartAsync(kind, settings => settings with
        {
            Https = settings.Https with { ClientCertificates = rule },
            StateDirectory = state ?? settings.StateDirectory,
        });
    }
}
