using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Actors443.Listening.Handover;
using Actors443.Server.Admin;
using Actors443.Server.Admin.Access;
using Actors443.Server.Configuration;
using Actors443.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.IntegrationTests.Cli;

/// <summary>The Unix socket and mutual TLS of the admin server, and what the audit says of who came by them.</summary>
public sealed class AdminAccessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority = new("Admins");

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task By_the_socket_the_servers_own_user_needs_no_token_and_is_audited_by_name()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "peer credentials are read on Linux");
        await using AdminFixture admin = await AdminFixture.StartAsync(configure: settings => settings with { UseUnixSocket = true });
        admin.Control.Connections.Add(FakeServerControl.Connection("c-1"));
        string path = AdminSocket.PathFor(admin.Settings)!;
        using HttpClient client = Over(path);

        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/status")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync("/api/v1/connections/c-1")).StatusCode);

        JsonElement entry = JsonDocument.Parse(Assert.Single(admin.Audited)).RootElement;
        Assert.Equal(
            ($"unix:{Environment.UserName}", $"process {Environment.ProcessId}", "DELETE /api/v1/connections/c-1", "204"),
            (entry.GetProperty("who").GetString(), entry.GetProperty("from").GetString(), entry.GetProperty("what").GetString(), entry.GetProperty("result").GetString()));
    }

    [SkippableFact]
    public async Task The_commands_come_by_the_socket_and_by_the_token_if_nobody_listens_there()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "peer credentials are read on Linux");
        await using AdminFixture admin = await AdminFixture.StartAsync(configure: settings => settings with { UseUnixSocket = true });
        using AdminClient bySocket = AdminClient.For(admin.Settings);
        await Assert.ThrowsAsync<AdminException>(() => bySocket.KillTunnelAsync("t1", CancellationToken.None));
        File.Delete(AdminSocket.PathFor(admin.Settings)!);
        await File.WriteAllTextAsync(AdminSocket.PathFor(admin.Settings)!, "");
        using AdminClient byToken = AdminClient.For(admin.Settings);
        await Assert.ThrowsAsync<AdminException>(() => byToken.KillTunnelAsync("t2", CancellationToken.None));

        Assert.Equal(
            [$"unix:{Environment.UserName}", $"token:{admin.Token.Id}"],
            admin.Audited.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("who").GetString()));
    }

    [SkippableFact]
    public async Task Another_server_does_not_take_the_socket_away_and_a_killed_ones_is_replaced()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "peer credentials are read on Linux");
        await using AdminFixture admin = await AdminFixture.StartAsync(configure: settings => settings with { UseUnixSocket = true });
        string path = AdminSocket.PathFor(admin.Settings)!;

        AdminException refused = Assert.Throws<AdminException>(() => AdminSocket.At(path));
        Assert.Contains("another server listens", refused.Message, StringComparison.Ordinal);

        string stale = Path.Combine(_folder.Path, "stale.sock");
        // Nobody listens at what a killed server has left.
        await File.WriteAllTextAsync(stale, "");
        await using AdminFixture after = await AdminFixture.StartAsync(configure: settings => settings with { UseUnixSocket = true, UnixSocket = stale });
        using HttpClient client = Over(stale);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/status")).StatusCode);
    }

    [Fact]
    public async Task With_mutual_tls_a_certificate_of_a_named_client_is_the_key_and_the_name_in_the_audit()
    {
        await using AdminFixture admin = await StartWithTlsAsync("alice");
        admin.Control.Connections.Add(FakeServerControl.Connection("c-1"));
        using X509Certificate2 alice = Client(_authority, "alice");
        using X509Certificate2 bob = Client(_authority, "bob");
        using var strangers = new TestCertificates("Strangers");
        using X509Certificate2 stranger = Client(strangers, "alice");

        using HttpClient client = With(admin, alice);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/status")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync("/api/v1/connections/c-1")).StatusCode);
        Assert.Equal("certificate:alice", JsonDocument.Parse(Assert.Single(admin.Audited)).RootElement.GetProperty("who").GetString());

        foreach (X509Certificate2? other in (X509Certificate2?[])[bob, stranger, null])
        {
            using HttpClient refused = With(admin, other);
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => refused.GetAsync("/healthz"));
        }
    }

    [Fact]
    public async Task A_change_that_is_not_let_in_is_audited_too()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        await admin.Anonymous.PostAsync("/api/v1/drain", null);
        await admin.Authorized.PostAsync("/api/v1/drain", null);

        Assert.Equal(
            [("nobody", "401"), ($"token:{admin.Token.Id}", "202")],
            admin.Audited.Select(line => JsonDocument.Parse(line).RootElement).Select(entry => (entry.GetProperty("who").GetString()!, entry.GetProperty("result").GetString()!)));
        Assert.All(admin.Audited, line => Assert.DoesNotContain(admin.Token.Text, line, StringComparison.Ordinal));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Actors443.Server.Admin.Audit.AuditLog.PathFor(admin.Settings)!));
    }

    [Theory]
    [InlineData("/api/v1/connections/c-1", "DELETE", "/api/v1/connections/c-1", 204)]
    [InlineData("/api/v1/status", "POST", "/api/v1/drain", 202)]
    [InlineData("/api/v1/certificates", "POST", "/api/v1/certificates/live.example/renew", 202)]
    public async Task Changes_are_made_to_the_version_that_was_seen_alone(string read, string method, string change, int done)
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Connections.Add(FakeServerControl.Connection("c-1"));
        string seen = (await admin.Authorized.GetAsync(read)).Headers.ETag!.ToString();

        Assert.Equal(412, await ChangeAsync("\"another\""));
        Assert.Equal(done, await ChangeAsync(seen));

        async Task<int> ChangeAsync(string version)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), change);
            request.Headers.TryAddWithoutValidation("If-Match", version);
            using HttpResponseMessage answer = await admin.Authorized.SendAsync(request);
            return (int)answer.StatusCode;
        }
    }

    [Fact]
    public async Task An_address_beyond_this_machine_needs_tls_or_to_be_wanted()
    {
        ServerSettings settings = AdminFixture.SettingsIn(_folder.Path, new IPEndPoint(IPAddress.Any, 0));
        using var audit = new Actors443.Server.Admin.Audit.AuditLog(settings, TimeProvider.System, NullLoggerFactory.Instance);

        AdminException refused = await Assert.ThrowsAsync<AdminException>(() => AdminServer.StartAsync(settings, new FakeServerControl(), null, new ListeningSockets(new InheritedSockets([])), audit, NullLoggerFactory.Instance, CancellationToken.None));

        Assert.Contains("not a loopback address", refused.Message, StringComparison.Ordinal);
        Assert.Contains("actors443.admin.tls", refused.Message, StringComparison.Ordinal);
    }

    private Task<AdminFixture> StartWithTlsAsync(params string[] names)
    {
        TestCertificate own = _authority.Issue("localhost", "127.0.0.1");
        string certificate = _folder.Write("admin.pem", own.ChainPem);
        string key = _folder.Write("admin.key", own.KeyPem);
        string ca = _folder.Write("ca.pem", _authority.CertificatePem);
        return AdminFixture.StartAsync(configure: settings => settings with { Tls = new AdminTlsSettings(certificate, key, ca) { Names = names } });
    }

    private static X509Certificate2 Client(TestCertificates authority, string name)
    {
        TestCertificate issued = authority.IssueClient(name);
        using X509Certificate2 pem = X509Certificate2.CreateFromPem(issued.ChainPem, issued.KeyPem);
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    private static HttpClient With(AdminFixture admin, X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null } };
        if (certificate is not null)
            handler.SslOptions.ClientCertificates = [certificate];
        return new HttpClient(handler) { BaseAddress = new Uri($"https://{admin.EndPoint}") };
    }

    private static HttpClient Over(string path) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { BaseAddress = new Uri("http://admin.invalid") };
}
