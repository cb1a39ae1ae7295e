using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Identities;
using Actors443.IntegrationTests.Engine;
using Actors443.IntegrationTests.Tls;
using Actors443.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Identities;

public sealed class PortableRevocationTests() : RevocationTests(EngineKind.Portable);

public sealed class EventLoopRevocationTests() : RevocationTests(EngineKind.EventLoop);

/// <summary>Client certificates and principals that are revoked by <see cref="IRevocations"/>, on a node of its own.</summary>
public abstract class RevocationTests(EngineKind kind) : IDisposable
{
    private readonly TestCertificates _authority = new("Clients");
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        _authority.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_certificate_is_cut_and_refused_whether_its_session_is_resumed_or_not_until_that_is_taken_back(bool byKey)
    {
        using X509Certificate2 alice = _authority.IssueClient("alice").WithKey;
        using X509Certificate2 bob = _authority.IssueClient("bob").WithKey;
        await using EngineHost host = await StartAsync();
        IRevocations revocations = host.Services.GetRequiredService<IRevocations>();
        Identity identity = byKey ? Identity.CertificateKey(alice) : Identity.Certificate(alice);
        await using TlsClient open = await CertifiedClient.ConnectAsync(host, alice, resumes: true);
        await using TlsClient other = await CertifiedClient.ConnectAsync(host, bob);
        Assert.Equal((204, 204), ((await open.GetAsync("/i-am/alice")).Status, (await other.GetAsync("/i-am/bob")).Status));
        Assert.True(await CertifiedClient.IsServedAsync(host, alice, resumes: true));

        RevocationReport report = await revocations.RevokeAsync(identity, "laptop lost");

        Assert.InRange(report.Connections, 1, 2);
        Assert.True(await open.EndsAsync());
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.Revoked && obituary.Detail == $"{identity}: laptop lost");
        Assert.Equal("laptop lost", revocations.Find(identity)!.Reason);
        Assert.False(await CertifiedClient.IsServedAsync(host, alice));
        Assert.False(await CertifiedClient.IsServedAsync(host, alice, resumes: true));
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.ClientCertificateRevoked);
        Assert.Equal(204, (await other.GetAsync("/i-am/bob")).Status);

        Assert.NotNull(await revocations.UndoAsync(identity));

        Assert.True(await CertifiedClient.IsServedAsync(host, alice));
        Assert.Null(revocations.Find(identity));
        Assert.Null(await revocations.UndoAsync(identity));
    }

    [Fact]
    public async Task A_principal_is_cut_where_it_is_named_and_where_it_is_named_later()
    {
        await using EngineHost host = await StartAsync(ClientCertificateMode.None);
        IRevocations revocations = host.Services.GetRequiredService<IRevocations>();
        await using TlsClient named = await TlsClient.ConnectAsync(host.Port);
        await using TlsClient other = await TlsClient.ConnectAsync(host.Port);
        Assert.Equal((204, 204), ((await named.GetAsync("/i-am/alice")).Status, (await other.GetAsync("/i-am/bob")).Status));

        RevocationReport report = await revocations.RevokeAsync(Identity.Principal("alice"));

        Assert.Equal((1, 0), (report.Connections, report.Tunnels));
        Assert.Null(Assert.Single(report.Nodes).Node);
        Assert.Empty(report.Silent);
        Assert.True(await named.EndsAsync());
        await using TlsClient later = await TlsClient.ConnectAsync(host.Port);
        await later.SendAsync("GET /i-am/alice HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.True(await later.EndsAsync());
        Assert.Equal(204, (await other.GetAsync("/i-am/bob")).Status);
    }

    private Task<EngineHost> StartAsync(ClientCertificateMode mode = ClientCertificateMode.Required) => EngineHost.StartAsync(
        kind,
        settings => settings with { Https = settings.Https with { ClientCertificates = new ClientCertificateSettings(mode, _folder.Write("ca.pem", _authority.CertificatePem)) } },
        application => application.MapGet("/i-am/{name}", (HttpContext context, string name) =>
        {
            context.Features.Get<IActorConnectionFeature>()!.Principal = name;
            return Results.NoContent();
        }));
}
