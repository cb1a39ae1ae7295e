using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Actors443.Certificates;
using Actors443.Supervision;
using Actors443.Testing;
using Akka.Actor;

namespace Actors443.IntegrationTests.Certificates;

/// <summary>Certificates that change while the server serves, as clients see them.</summary>
public sealed class LiveReplacementTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _root = new();
    private readonly TestCertificates _intermediate;
    private RunningServer _server = null!;

    public LiveReplacementTests() => _intermediate = _root.Intermediate();

    private long Generation => _server.Environment.Certificates.Current.Generation;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    public void Dispose()
    {
        _intermediate.Dispose();
        _root.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("rename")]
    [InlineData("in place")]
    [InlineData("kubernetes")]
    [InlineData("pfx")]
    public async Task New_connections_are_shown_the_new_certificate_and_open_ones_do_not_notice(string way)
    {
        TestCertificate first = Write(way, _intermediate.Issue("a.test"));
        await StartAsync();
        using HttpClient h1 = CreateClient(HttpVersion.Version11);
        using HttpClient h2 = CreateClient(HttpVersion.Version20);
        Assert.Equal("Hello", await h1.GetStringAsync("/"));
        Assert.Equal("Hello", await h2.GetStringAsync("/"));
        string[] open = [.. (await _server.ConnectionsAsync()).Select(connection => connection.Id).Order()];
        Assert.Equal(first.Thumbprint, await ShownAsync());

        TestCertificate second = Write(way, _intermediate.Issue("a.test"));

        await Eventually.HoldsAsync(async () => await ShownAsync() == second.Thumbprint, "a new connection is shown the new certificate");
        Assert.Equal(2, Generation);
        Assert.Equal("Hello", await h1.GetStringAsync("/"));
        Assert.Equal("Hello", await h2.GetStringAsync("/"));
        Assert.Subset((await _server.ConnectionsAsync()).Select(connection => connection.Id).ToHashSet(), open.ToHashSet());
        Assert.Equal(2, open.Length);
    }

    [Fact]
    public async Task Fifty_replacements_in_a_row_cost_no_client_anything()
    {
        const int Replacements = 50;
        const int Clients = 3;
        var order = new ConcurrentDictionary<string, int>();
        order[Write("rename", _intermediate.Issue("a.test")).Thumbprint] = 0;
        await StartAsync();
        using var stop = new CancellationTokenSource();
        Task<List<string>>[] clients = [.. Enumerable.Range(0, Clients).Select(_ => Task.Run(() => ConnectUntilAsync(stop.Token)))];
        using HttpClient keptAlive = CreateClient(HttpVersion.Version20);
        await keptAlive.GetStringAsync("/");

        for (int i = 1; i <= Replacements; i++)
        {
            TestCertificate next = _intermediate.Issue("a.test");
            order[next.Thumbprint] = i;
            Write("rename", next);
            await Eventually.HoldsAsync(() => Generation == i + 1, $"generation {i + 1} is published");
            Assert.Equal("Hello", await keptAlive.GetStringAsync("/"));
        }

        await stop.CancelAsync();
        List<string>[] shown = await Task.WhenAll(clients);
        Assert.All(shown, certificates =>
        {
            int[] seen = [.. certificates.Select(thumbprint => order[thumbprint])];
            Assert.Equal(seen.Order(), seen);
            Assert.True(seen.Distinct().Count() > Replacements / 2, $"only {seen.Distinct().Count()} certificates were seen in {seen.Length} connections");
        });
        Assert.Equal(Replacements, order[await ShownAsync()]);
    }

    [Fact]
    public async Task Certificate_actors_that_crash_cost_no_client_anything_and_go_on_with_their_work()
    {
        var issued = new ConcurrentDictionary<string, bool>();
        issued[Write("rename", _intermediate.Issue("a.test")).Thumbprint] = true;
        await StartAsync();
        using var stop = new CancellationTokenSource();
        Task<List<string>> client = Task.Run(() => ConnectUntilAsync(stop.Token));

        foreach (string crashing in new[] { "certificates/files", "certificates/local-ca", "certificates", "certificates/files" })
        {
            _server.System.ActorSelection($"/user/{ActorNames.Root}/{crashing}").Tell(Kill.Instance);
            TestCertificate next = _intermediate.Issue("a.test");
            issued[next.Thumbprint] = true;
            Write("rename", next);
            await Eventually.HoldsAsync(async () => await ShownAsync() == next.Thumbprint, $"a new certificate is shown after the crash of {crashing}");
        }

        await stop.CancelAsync();
        Assert.All(await client, shown => Assert.True(issued.ContainsKey(shown)));
        Assert.Equal(5, Generation);
    }

    [Fact]
    public async Task A_corrupt_certificate_is_refused_and_the_old_one_is_shown_until_a_good_one_is_there()
    {
        TestCertificate first = Write("rename", _intermediate.Issue("a.test"));
        await StartAsync();

        _folder.Write("a.key", "corrupt");
        await Eventually.HoldsAsync(async () => (await ProblemsAsync()).Count == 1, "the bad pair is reported");

        Assert.Contains($"{_folder.Path}/a.key: holds no private key", Assert.Single(await ProblemsAsync()), StringComparison.Ordinal);
        Assert.Equal(first.Thumbprint, await ShownAsync());
        Assert.Equal(1, Generation);

        TestCertificate second = Write("rename", _intermediate.Issue("a.test"));
        await Eventually.HoldsAsync(async () => await ShownAsync() == second.Thumbprint, "the good certificate is shown");
        await Eventually.HoldsAsync(async () => (await ProblemsAsync()).Count == 0, "nothing is reported any more");
    }

    [Fact]
    public async Task A_certificate_whose_folder_is_deleted_is_shown_on_and_replaced_when_the_folder_is_back()
    {
        TestCertificate first = _intermediate.Issue("a.test");
        first.WritePair(_folder, "live/fullchain.pem", "live/privkey.pem");
        await StartAsync();

        Directory.Delete(_folder.Path + "/live", recursive: true);
        await Eventually.HoldsAsync(async () => (await ProblemsAsync()).Count == 1, "the loss is reported");
        Assert.Equal(first.Thumbprint, await ShownAsync());

        TestCertificate second = _intermediate.Issue("a.test");
        second.WritePair(_folder, "live/fullchain.pem", "live/privkey.pem");
        await Eventually.HoldsAsync(async () => await ShownAsync() == second.Thumbprint, "the new certificate is shown");
    }

    [Fact]
    public async Task A_name_added_while_serving_is_shown_by_its_name_and_the_first_to_all_others()
    {
        TestCertificate first = Write("rename", _intermediate.Issue("a.test"));
        await StartAsync();
        Assert.Equal(first.Thumbprint, await ShownAsync("b.test"));

        TestCertificate added = _intermediate.Issue("b.test", "*.b.test");
        added.WritePair(_folder, "b");

        await Eventually.HoldsAsync(async () => await ShownAsync("b.test") == added.Thumbprint, "the added certificate is shown");
        Assert.Equal(added.Thumbprint, await ShownAsync("www.b.test"));
        Assert.Equal(first.Thumbprint, await ShownAsync("x.www.b.test"));
        Assert.Equal(first.Thumbprint, await ShownAsync("c.test"));
        Assert.Equal(first.Thumbprint, await ShownAsync(""));
    }

    [SkippableFact]
    public async Task A_client_that_knows_rsa_alone_is_shown_rsa_and_others_ecdsa()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only there can a client choose its cipher suites");
        TestCertificate ecdsa = Write("rename", _intermediate.Issue("a.test"));
        TestCertificate rsa = _intermediate.IssueRsa("a.test");
        rsa.WritePair(_folder, "rsa");
        await StartAsync();

        Assert.Equal(ecdsa.Thumbprint, await ShownAsync());
#pragma warning disable CA1416 // Skipped elsewhere.
        var rsaAlone = new CipherSuitesPolicy([TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]);
#pragma warning restore CA1416
        Assert.Equal(rsa.Thumbprint, await ShownAsync("a.test", new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12, CipherSuitesPolicy = rsaAlone }));
    }

    [Fact]
    public async Task A_site_added_with_its_certificate_is_shown_it_and_one_with_a_bad_certificate_changes_nothing()
    {
        TestCertificate first = Write("rename", _intermediate.Issue("a.test"));
        await StartAsync();
        using HttpClient open = CreateClient(HttpVersion.Version20);
        await open.GetStringAsync("/");
        using var elsewhere = new TemporaryFolder();
        TestCertificate added = _intermediate.Issue("b.test");
        added.WritePair(elsewhere, "b");

        await _server.ReloadAsync(Settings(Site("b.test", elsewhere.Path + "/b")));
        Assert.Equal(added.Thumbprint, await ShownAsync("b.test"));
        Assert.Equal(2, Generation);

        // For another name than the site's.
        _intermediate.Issue("other.test").WritePair(elsewhere, "c");
        await _server.ReloadAsync(Settings(Site("c.test", elsewhere.Path + "/c")));
        Assert.Equal(added.Thumbprint, await ShownAsync("b.test"));
        Assert.Equal(added.Thumbprint, await ShownAsync("c.test"));
        Assert.Equal(first.Thumbprint, await ShownAsync("a.test"));
        Assert.Equal(2, Generation);
        Assert.Equal("Hello", await open.GetStringAsync("/"));
    }

    [Fact]
    public async Task A_bad_file_that_was_there_before_does_not_keep_new_settings_from_being_applied()
    {
        Write("rename", _intermediate.Issue("a.test"));
        _folder.Write("junk.crt", "no certificate");
        _intermediate.IssueExpired("old.test").WritePair(_folder, "old");
        await StartAsync();
        using var elsewhere = new TemporaryFolder();
        TestCertificate added = _intermediate.Issue("b.test");
        added.WritePair(elsewhere, "b");

        await _server.ReloadAsync(Settings(Site("b.test", elsewhere.Path + "/b")));

        Assert.Equal(added.Thumbprint, await ShownAsync("b.test"));
        Assert.Equal(2, (await ProblemsAsync()).Count);
    }

    private static string Site(string name, string files) =>
        $$"""sites."{{name}}" { certificate = { chain = "{{files}}.pem", key = "{{files}}.key" }, routes = [ { path = "/*", respond { status = 200, body = "Added" } } ] }""";

    private async Task StartAsync() => _server = await RunningServer.StartAsync(Settings());

    private string Settings(string sites = "") =>
        $$"""
        actors443 {
          sites."*" { routes = [ { path = "/*", respond { status = 200, type = "text/plain", body = "Hello" } } ] }
          {{sites}}
          certificates { directories = ["{{_folder.Path}}"] }
        }
        """;

    private TestCertificate Write(string way, TestCertificate issued)
    {
        switch (way)
        {
            case "rename":
                issued.WritePair(_folder, ".a.pem", ".a.key");
                File.Move(_folder.Path + "/.a.key", _folder.Path + "/a.key", overwrite: true);
                File.Move(_folder.Path + "/.a.pem", _folder.Path + "/a.pem", overwrite: true);
                break;
            case "in place":
                issued.WritePair(_folder, "a");
                break;
            case "kubernetes":
                string data = "..data-" + issued.Thumbprint;
                issued.WritePair(_folder, $"secret/{data}/tls.crt", $"secret/{data}/tls.key");
                SymbolicLink.Point(_folder.Path + "/secret/..data", data);
                if (!File.Exists(_folder.Path + "/secret/tls.crt"))
                {
                    File.CreateSymbolicLink(_folder.Path + "/secret/tls.crt", "..data/tls.crt");
                    File.CreateSymbolicLink(_folder.Path + "/secret/tls.key", "..data/tls.key");
                }

                break;
            case "pfx":
                _folder.Write("a.pfx.password", "secret");
                issued.WritePfx(_folder, "a.pfx", "secret", setting: null);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(way), way, "No such way.");
        }

        return issued;
    }

    private async Task<List<string>> ConnectUntilAsync(CancellationToken stop)
    {
        var shown = new List<string>();
        while (!stop.IsCancellationRequested)
            shown.Add(await ShownAsync());
        return shown;
    }

    /// <summary>The thumbprint of the certificate that a new connection is shown. The handshake, the chain and a request must all succeed.</summary>
    private async Task<string> ShownAsync(string serverName = "a.test", SslClientAuthenticationOptions? options = null)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _server.HttpsPort);
        await using var tls = new SslStream(client.GetStream());
        options ??= new SslClientAuthenticationOptions();
        options.TargetHost = serverName;
        options.RemoteCertificateValidationCallback = (_, certificate, chain, _) => IsTrusted(certificate, chain);
        await tls.AuthenticateAsClientAsync(options);
        await tls.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"));
        string answer = await new StreamReader(tls).ReadToEndAsync();
        // Another name than the connection's is misdirected (421).
        Assert.Matches(serverName == "a.test" ? "^HTTP/1.1 200 " : "^HTTP/1.1 (200|421) ", answer);
        return ((X509Certificate2)tls.RemoteCertificate!).Thumbprint;
    }

    // With what the server sent alone: an intermediate that it does not send is missed.
    private bool IsTrusted(X509Certificate? certificate, X509Chain? sent)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_root.Certificate);
        chain.ChainPolicy.ExtraStore.AddRange(sent!.ChainPolicy.ExtraStore);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build((X509Certificate2)certificate!);
    }

    private HttpClient CreateClient(Version version) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = new SslClientAuthenticationOptions { TargetHost = "a.test", RemoteCertificateValidationCallback = (_, certificate, chain, _) => IsTrusted(certificate, chain) },
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, _server.HttpsPort, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("https://a.test/"),
        DefaultRequestVersion = version,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private async Task<IReadOnlyList<string>> ProblemsAsync() =>
        (await _server.Supervisor.Ask<CertificateList>(ListCertificates.Instance, TimeSpan.FromSeconds(10))).Problems;
}
