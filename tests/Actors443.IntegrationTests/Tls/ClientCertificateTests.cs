using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Connections;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tls;

/// <summary>Client certificates (mTLS), asked for by name and changed while serving.</summary>
public sealed class ClientCertificateTests : IAsyncLifetime
{
    private readonly TestCertificates _ours = new("Our clients");
    private readonly TestCertificates _theirs = new("Their clients");
    private readonly TemporaryFolder _folder = new();
    private RunningServer _server = null!;

    private string Ca => _folder.Write("ca.pem", _ours.CertificatePem);

    public async Task InitializeAsync() => _server = await RunningServer.StartAsync(Sites("require", "optional"));

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
        _ours.Dispose();
        _theirs.Dispose();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_certificate_of_our_ca_is_let_in_and_known_by_its_subject(SslProtocols protocol)
    {
        await using TlsClient client = await ConnectAsync("strict.localhost", _ours.IssueClient("alice").WithKey, protocol);

        Assert.Equal("strict", (await client.GetAsync(host: "strict.localhost")).Body);
        Assert.Equal("CN=alice", Assert.Single(await _server.ConnectionsAsync()).ClientCertificate);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("foreign")]
    [InlineData("expired")]
    [InlineData("server")]
    public async Task Whoever_has_no_acceptable_one_is_refused_where_it_is_required(string kind)
    {
        Assert.False(await IsServedAsync("strict.localhost", Certificate(kind)));

        await Eventually.HoldsAsync(
            async () => (await _server.ObituariesAsync()).Any(obituary => obituary.Reason == CloseReason.ClientCertificateRejected),
            "the refusal has an obituary");
    }

    [Theory]
    [InlineData("none", true)]
    [InlineData("ours", true)]
    [InlineData("foreign", false)]
    public async Task Where_it_is_optional_a_bad_one_is_refused_and_none_is_served(string kind, bool served) =>
        Assert.Equal(served, await IsServedAsync("polite.localhost", Certificate(kind)));

    [Fact]
    public async Task A_name_without_a_rule_asks_for_none()
    {
        bool asked = false;
        await using TlsClient client = await TlsClient.ConnectAsync(_server.HttpsPort, "localhost", configure: options => options.LocalCertificateSelectionCallback = (_, _, _, _, issuers) =>
        {
            asked |= issuers.Length > 0;
            return null!;
        });

        Assert.Equal("open", (await client.GetAsync()).Body);
        Assert.False(asked);
    }

    [Fact]
    public async Task A_resumed_session_carries_its_client_certificate()
    {
        using X509Certificate2 alice = _ours.IssueClient("alice").WithKey;
        for (int i = 0; i < 3; i++)
        {
            await using TlsClient client = await ConnectAsync("strict.localhost", alice, SslProtocols.Tls13);
            await client.GetAsync(host: "strict.localhost");
            ConnectionSnapshot connection = (await _server.ConnectionsAsync()).Single(candidate => candidate.Remote.Equals(client.Local));
            Assert.Equal("CN=alice", connection.ClientCertificate);
        }
    }

    [Fact]
    public async Task A_rule_changed_while_serving_holds_for_new_connections()
    {
        Assert.True(await IsServedAsync("polite.localhost", null));

        await _server.ReloadAsync(Sites("require", "require"));

        Assert.False(await IsServedAsync("polite.localhost", null));
        Assert.True(await IsServedAsync("polite.localhost", Certificate("ours")));
    }

    private string Sites(string strict, string polite) => $$"""
        actors443.sites {
          localhost { respond = "open" }
          "strict.localhost" { respond = "strict", client-certificates { ca = "{{Ca}}", mode = {{strict}} } }
          "polite.localhost" { respond = "polite", client-certificates { ca = "{{Ca}}", mode = {{polite}} } }
        }
        """;

    private X509Certificate2? Certificate(string kind) => kind switch
    {
        "ours" => _ours.IssueClient("alice").WithKey,
        "foreign" => _theirs.IssueClient("mallory").WithKey,
        "expired" => _ours.IssueExpired("alice").WithKey,
        "server" => _ours.Issue("server.example").WithKey,
        _ => null,
    };

    private Task<TlsClient> ConnectAsync(string name, X509Certificate2? certificate, SslProtocols protocol = SslProtocols.None) =>
        TlsClient.ConnectAsync(_server.HttpsPort, name, protocol, options =>
        {
            options.ClientCertificates = certificate is null ? [] : [certificate];
            // The TLS library would keep a certificate of its own for a name it knows.
            options.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!;
        });

    // With TLS 1.3 a client learns of a refusal only when it reads.
    private async Task<bool> IsServedAsync(string name, X509Certificate2? certificate)
    {
        try
        {
            await using TlsClient client = await ConnectAsync(name, certificate);
            return (await client.GetAsync(host: name)).Status == (int)HttpStatusCode.OK;
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException)
        {
            return false;
        }
    }
}
