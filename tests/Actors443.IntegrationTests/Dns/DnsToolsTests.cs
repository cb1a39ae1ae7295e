using System.Diagnostics;
using System.Globalization;
using Actors443.Dns.Wire;
using Actors443.Testing;
using Actors443.Testing.Dns;

namespace Actors443.IntegrationTests.Dns;

/// <summary>DNS over HTTPS as other people's programs see it.</summary>
public sealed class DnsToolsTests : IAsyncLifetime, IDisposable
{
    private readonly DnsTestServer _upstream = DnsTestServer.Start(query => query.Name == "nowhere.site.test."
        ? query.Answer(DnsResponseCode.NxDomain, authorities: [DnsTestRecord.Soa("site.test", 300, 60)])
        : query.Answer(records: query.Type == DnsType.A ? [DnsTestRecord.A(query.Name == "self.site.test." ? "127.0.0.1" : "192.0.2.1")] : []));

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartAsync(
        """actors443.sites { "*" { routes = [{ dns = on }, { path = "/*", respond = "found by DNS over HTTPS" }] } }""", $"dns.upstreams=\"{_upstream.EndPoint}\"");

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _upstream.Dispose();

    [SkippableTheory]
    [InlineData("+https")]
    [InlineData("+https-get")]
    public async Task Kdig_gets_its_answer(string way)
    {
        Skip.If(TestProgram.Find("kdig") is null, "kdig is not installed (Debian: knot-dnsutils)");

        string found = await RunAsync("kdig", "@127.0.0.1", "-p", Port, way, "+dnssec", "www.site.test", "A");
        string missing = await RunAsync("kdig", "@127.0.0.1", "-p", Port, way, "nowhere.site.test", "AAAA");

        Assert.Contains("status: NOERROR", found, StringComparison.Ordinal);
        Assert.Matches(@"www\.site\.test\.\s+(300|299)\s+IN\s+A\s+192\.0\.2\.1", found);
        Assert.Contains($"(HTTP/2-{(way == "+https" ? "POST" : "GET")})", found, StringComparison.Ordinal);
        // kdig pads its queries.
        Assert.Contains("Received 468 B", found, StringComparison.Ordinal);
        Assert.Contains("status: NXDOMAIN", missing, StringComparison.Ordinal);
        Assert.Contains("SOA", missing, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Curl_finds_a_site_by_it()
    {
        Skip.If(TestProgram.Find("curl") is null, "curl is not installed");

        string page = await RunAsync("curl", "-sS", "-k", "--doh-insecure", "--doh-url", $"https://127.0.0.1:{Port}/dns-query", $"https://self.site.test:{Port}/");

        Assert.Equal("found by DNS over HTTPS", page);
        Assert.Contains(_upstream.Queries, query => query.Name == "self.site.test.");
    }

    [SkippableFact]
    public async Task Dnsperf_with_200_outstanding_loses_nothing()
    {
        Skip.If(TestProgram.Find("dnsperf") is null, "dnsperf is not installed (Debian: dnsperf)");
        using var folder = new TemporaryFolder();
        string names = folder.Write("names", string.Concat(Enumerable.Range(0, 500).Select(number => $"n{number}.site.test A\n")));
        foreach (string method in (string[])["GET", "POST"])
        {
            string output = await RunAsync("dnsperf", "-m", "doh", "-s", "127.0.0.1", "-p", Port, "-d", names, "-q", "200", "-c", "4", "-n", "20", "-O", "doh-uri=https://localhost/dns-query", "-O", $"doh-method={method}");

            Assert.Matches(@"Queries completed:\s+10000 \(100\.00%\)", output);
            Assert.Matches(@"Queries lost:\s+0 ", output);
            Assert.Matches(@"NOERROR 10000 \(100\.00%\)", output);
        }
    }

    [SkippableFact]
    public async Task Chromium_finds_a_site_by_it()
    {
        Skip.IfNot(File.Exists("/usr/bin/chromium"), "chromium is missing: apt install chromium");
        using var profile = new TemporaryFolder();
        profile.Write("Local State", $$$"""{"dns_over_https":{"mode":"secure","templates":"https://127.0.0.1:{{{Port}}}/dns-query{?dns}"}}""");

        // No other resolver knows this name.
        string page = await RunAsync(
            "/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--ignore-certificate-errors", "--virtual-time-budget=10000", $"--user-data-dir={profile.Path}", "--dump-dom", $"https://self.site.test:{Port}/");

        Assert.Contains("found by DNS over HTTPS", page, StringComparison.Ordinal);
        Assert.Contains(_upstream.Queries, query => query.Name == "self.site.test.");
    }

    private string Port => _server.HttpsPort.ToString(CultureInfo.InvariantCulture);

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output + await errors;
    }
}
