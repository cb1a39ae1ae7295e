using System.Security.Cryptography.X509Certificates;
using Actors443.Acme.Orders;
using Actors443.Certificates;
using Actors443.Testing;
using Actors443.Testing.Acme;

namespace Actors443.IntegrationTests.Acme;

/// <summary><c>certificate = acme</c> with a real CA in strict mode that refuses nonces and takes its time.</summary>
public sealed class PebbleOrderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly int _https = FreePort.Next();
    private readonly int _http = FreePort.Next();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("event-loop", "tls-alpn-01", 30, 2)]
    [InlineData("portable", "tls-alpn-01", 50, 0)]
    [InlineData("event-loop", "http-01", 90, 0)]
    [InlineData("portable", "http-01", 30, 2)]
    public async Task A_site_serves_at_once_with_the_local_ca_and_switches_live(string engine, string challenge, int noncesRefused, int validationDelay)
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using PebbleServer pebble = await PebbleAsync(noncesRefused, validationDelay);
        await using RunningServer server = await StartAsync(pebble, ["www.site.test"], $"challenges = [{challenge}]", $"engine={engine}");

        X509Certificate2 before = await AcmeSites.ShownAsync(_https, "www.site.test");
        X509Certificate2 after = await AcmeSites.AwaitIssuerAsync(_https, "www.site.test", "Pebble");

        Assert.Contains("www.site.test", CertificateValidation.NamesOf(before));
        Assert.Equal(["www.site.test"], CertificateValidation.NamesOf(after));
        CertificateStory story = await server.StoryAsync("www.site.test");
        Assert.Equal(nameof(AcmeOrderState.Waiting), story.State);
        Assert.Contains(story.Lines, line => line.Text == $"www.site.test is shown by {challenge}.");
        Assert.Contains("generation 1", story.Summary, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("event-loop")]
    [InlineData("portable")]
    public async Task A_certificate_is_renewed_when_the_ca_wants_it_and_its_successor_is_not(string engine)
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using PebbleServer pebble = await PebbleAsync(30, 1);
        // Debian's pebble orders and validates, and knows nothing of renewal information.
        await using CaProxy ca = await CaProxy.StartAsync(pebble.Issuer);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string? first = null;
        ca.RenewalWindow = id => id == (first ??= id) ? (now.AddDays(-1), now.AddHours(-1)) : (now.AddDays(20), now.AddDays(22));
        await using RunningServer server = await RunningServer.StartAsync(
            AcmeSites.Hocon(_folder, [ca.Issuer], ["www.site.test"]), $"https.bind=[\"127.0.0.1:{_https}\"]", $"http.bind=[\"127.0.0.1:{_http}\"]", $"engine={engine}");

        await server.AwaitStoryAsync("www.site.test", "installed as generation 2");
        CertificateStory story = await server.AwaitStoryAsync("www.site.test", $"between {now.AddDays(20):yyyy-MM-dd}");

        // The first certificate may take two orders: so fast a CA can look before we listen.
        Assert.InRange(ca.Replaced.Count, 2, 3);
        Assert.All(ca.Replaced.SkipLast(1), Assert.Null);
        Assert.Equal(first, ca.Replaced.Last());
        Assert.Equal(nameof(AcmeOrderState.Waiting), story.State);
        Assert.Contains("generation 2", story.Summary, StringComparison.Ordinal);
        await AcmeSites.AwaitIssuerAsync(_https, "www.site.test", "Pebble");
    }

    [SkippableFact]
    public async Task A_challenge_that_fails_gives_way_to_the_next_which_is_remembered()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        // Nobody listens where the CA looks for tls-alpn-01.
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { HttpPort = _http, TlsPort = FreePort.Next(), NoncesRefused = 10 });
        await using RunningServer server = await StartAsync(pebble, ["www.site.test"]);

        X509Certificate2 first = await AcmeSites.AwaitIssuerAsync(_https, "www.site.test", "Pebble");
        CertificateStory story = await server.StoryAsync("www.site.test");
        Assert.Contains(story.Lines, line => line.Text.Contains("Nobody has asked our https listener", StringComparison.Ordinal));
        int before = story.Lines.Count;

        Assert.True((await server.RenewAsync("www.site.test")).Found);
        await Eventually.HoldsAsync(async () => (await AcmeSites.ShownAsync(_https, "www.site.test")).Thumbprint != first.Thumbprint, "the new certificate is shown", AcmeSites.Patience);

        story = await server.AwaitStoryAsync("www.site.test", "installed as generation 2");
        Assert.DoesNotContain(story.Lines.Skip(before), line => line.Text.Contains("tls-alpn-01", StringComparison.Ordinal));
        Assert.NotEqual(first.PublicKey.ExportSubjectPublicKeyInfo(), (await AcmeSites.ShownAsync(_https, "www.site.test")).PublicKey.ExportSubjectPublicKeyInfo());
    }

    [SkippableFact]
    public async Task After_a_restart_the_certificate_is_served_from_disk_without_another_order()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using PebbleServer pebble = await PebbleAsync(30, 0);
        string state = Path.Combine(_folder.Path, "state");
        string thumbprint;
        await using (await StartAsync(pebble, ["www.site.test"], "", $"state-directory=\"{state}\""))
            thumbprint = (await AcmeSites.AwaitIssuerAsync(_https, "www.site.test", "Pebble")).Thumbprint;

        if (!OperatingSystem.IsWindows())
        {
            string[] secret = Directory.GetFiles(Path.Combine(state, "acme"), "*", SearchOption.AllDirectories);
            Assert.Contains(secret, file => file.EndsWith("account.key", StringComparison.Ordinal));
            foreach (string file in secret)
                Assert.Equal(PrivateFile.OwnerOnly, File.GetUnixFileMode(file));
        }

        await using RunningServer again = await StartAsync(pebble, ["www.site.test"], "", $"state-directory=\"{state}\"");

        // At the first handshake, with nothing to wait for.
        Assert.Equal(thumbprint, (await AcmeSites.ShownAsync(_https, "www.site.test")).Thumbprint);
        Assert.Equal(nameof(AcmeOrderState.Waiting), (await again.StoryAsync("www.site.test")).State);
    }

    [SkippableTheory]
    [InlineData("order.json", "{ \"names\": [")]
    [InlineData("order.json", "[]")]
    [InlineData("account.json", "")]
    [InlineData("account.key", "-----BEGIN PRIVATE KEY-----")]
    public async Task State_that_cannot_be_used_keeps_neither_the_start_nor_the_certificate(string file, string content)
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using PebbleServer pebble = await PebbleAsync(0, 0);
        string state = Path.Combine(_folder.Path, "state");
        string thumbprint;
        await using (await StartAsync(pebble, ["www.site.test"], "", $"state-directory=\"{state}\""))
            thumbprint = (await AcmeSites.AwaitIssuerAsync(_https, "www.site.test", "Pebble")).Thumbprint;
        await File.WriteAllTextAsync(Assert.Single(Directory.GetFiles(state, file, SearchOption.AllDirectories)), content);

        await using RunningServer again = await StartAsync(pebble, ["www.site.test"], "", $"state-directory=\"{state}\"");

        Assert.Equal(thumbprint, (await AcmeSites.ShownAsync(_https, "www.site.test")).Thumbprint);
        await again.RenewAsync("www.site.test");
        await again.AwaitStoryAsync("www.site.test", "installed as generation 2");
        await Eventually.HoldsAsync(async () => (await AcmeSites.ShownAsync(_https, "www.site.test")).Thumbprint != thumbprint, "the new certificate is shown", AcmeSites.Patience);
    }

    [SkippableFact]
    public async Task Names_written_together_share_a_certificate_and_a_reload_adds_another()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using PebbleServer pebble = await PebbleAsync(20, 0);
        await using RunningServer server = await StartAsync(pebble, ["site.test", "www.site.test"], """names = [["site.test", "www.site.test"]]""");
        X509Certificate2 shared = await AcmeSites.AwaitIssuerAsync(_https, "www.site.test", "Pebble");

        Assert.Equal(["site.test", "www.site.test"], CertificateValidation.NamesOf(shared).Order());
        Assert.Equal(shared.Thumbprint, (await AcmeSites.ShownAsync(_https, "site.test")).Thumbprint);

        await server.ReloadAsync(AcmeSites.Hocon(_folder, [pebble.Issuer], ["site.test", "www.site.test", "other.test"], """names = [["site.test", "www.site.test"]]"""));

        X509Certificate2 other = await AcmeSites.AwaitIssuerAsync(_https, "other.test", "Pebble");
        Assert.Equal(["other.test"], CertificateValidation.NamesOf(other));
        Assert.Equal(shared.Thumbprint, (await AcmeSites.ShownAsync(_https, "site.test")).Thumbprint);
    }

    [SkippableFact]
    public async Task A_wildcard_is_shown_by_dns()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        Skip.If(KnotServer.Missing is not null, KnotServer.Missing);
        await using KnotServer knot = await KnotServer.StartAsync("site.test");
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { HttpPort = _http, TlsPort = _https, Dns = knot.EndPoint });
        await using RunningServer server = await StartAsync(pebble, ["*.site.test"], $$"""
            dns { provider { rfc2136 { server = "{{knot.EndPoint}}", key-name = "{{knot.Key.Name}}", key-secret = "{{knot.Secret}}" } }, check = resolvers, resolvers = ["{{knot.EndPoint}}"] }
            """);

        X509Certificate2 shown = await AcmeSites.AwaitIssuerAsync(_https, "www.site.test", "Pebble");

        Assert.Equal(["*.site.test"], CertificateValidation.NamesOf(shown));
        var lookup = new Actors443.Acme.Dns.DnsTxtLookup([knot.EndPoint], TimeSpan.FromSeconds(1));
        await Eventually.HoldsAsync(async () => (await lookup.AskResolversAsync("_acme-challenge.site.test", CancellationToken.None))[0].Values.Count == 0, "the record is removed");
    }

    [SkippableFact]
    public async Task An_external_account_is_bound_and_the_preferred_chain_is_served()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        const string key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { HttpPort = _http, TlsPort = _https, NoncesRefused = 20, AlternateRoots = 2, ExternalAccount = ("kid-1", key) });
        using X509Certificate2 root = await pebble.RootAsync(2);
        string preferred = root.GetNameInfo(X509NameType.SimpleName, false);
        await using RunningServer server = await RunningServer.StartAsync(
            AcmeSites.Hocon(_folder, [pebble.Issuer], ["www.site.test"], $"preferred-chain = \"{preferred}\"", issuerMore: $"external-account {{ key-id = \"kid-1\", key = \"{key}\" }}"),
            $"https.bind=[\"127.0.0.1:{_https}\"]",
            $"http.bind=[\"127.0.0.1:{_http}\"]");

        await server.AwaitStoryAsync("www.site.test", "installed as generation 1");

        await AcmeSites.AwaitIssuerAsync(_https, "www.site.test", "Pebble");
        ServerCertificate served = server.Environment.Certificates.Current.Find("www.site.test", CertificateKeyKinds.Any)!;
        Assert.Equal(preferred, served.Issuers[^1].GetNameInfo(X509NameType.SimpleName, forIssuer: true));
    }

    [SkippableFact]
    public async Task The_example_runs()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using PebbleServer pebble = await PebbleAsync(10, 0);
        string roots = _folder.Write("pebble.pem", pebble.Issuer.TrustedRoots[0].ExportCertificatePem());
        await using RunningServer server = await RunningServer.StartAsync(
            await File.ReadAllTextAsync(Repository.Example("acme.conf")),
            $"https.bind=[\"127.0.0.1:{_https}\"]",
            $"http.bind=[\"127.0.0.1:{_http}\"]",
            $"certificates.acme.issuers=[{{ name = Pebble, directory = \"{pebble.Issuer.Directory}\", trusted-roots = \"{roots}\" }}]",
            "certificates.acme.poll-interval=100ms");

        X509Certificate2 shared = await AcmeSites.AwaitIssuerAsync(_https, "www.example.com", "Pebble");
        X509Certificate2 own = await AcmeSites.AwaitIssuerAsync(_https, "blog.example.com", "Pebble");

        Assert.Equal(["shop.example.com", "www.example.com"], CertificateValidation.NamesOf(shared).Order());
        Assert.Equal(["blog.example.com"], CertificateValidation.NamesOf(own));
    }

    private Task<PebbleServer> PebbleAsync(int noncesRefused, int validationDelay) =>
        PebbleServer.StartAsync(new PebbleOptions { HttpPort = _http, TlsPort = _https, NoncesRefused = noncesRefused, ValidationDelay = validationDelay });

    private Task<RunningServer> StartAsync(PebbleServer pebble, IReadOnlyList<string> names, string acme = "", params string[] overrides) =>
        RunningServer.StartAsync(AcmeSites.Hocon(_folder, [pebble.Issuer], names, acme), [$"https.bind=[\"127.0.0.1:{_https}\"]", $"http.bind=[\"127.0.0.1:{_http}\"]", .. overrides]);
}
