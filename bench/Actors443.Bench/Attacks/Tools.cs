using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Actors443.Bench.Servers;

namespace Actors443.Bench.Attacks;

/// <summary>slowhttptest's three ways to be slow: headers (Slowloris), a body, and reading.</summary>
internal sealed class SlowHttp : Attack
{
    private const string Program = "slowhttptest";

    private readonly string _mode;
    private readonly string _path;
    private readonly string[] _more;
    private readonly string _cutBy;

    private SlowHttp(string name, string mode, string path, string cutBy, params string[] more)
    {
        Name = name;
        (_mode, _path, _cutBy, _more) = (mode, path, cutBy, more);
    }

    public override string Name { get; }

    public override TimeSpan Duration => TimeSpan.FromSeconds(30);

    public override AttackBounds Bounds => new(P99: 250, CutBy: [_cutBy]);

    public override string? Missing => Programs.Find(Program) is null ? $"{Program} is missing: apt install {Program}" : null;

    public static IEnumerable<Attack> All =>
    [
        new SlowHttp("slow-headers", "-H", "/hello", "headers_timeout"),
        new SlowHttp("slow-body", "-B", "/proxy", "slow_sender"),
        new SlowHttp("slow-read", "-X", "/files/1m.bin", "slow_reader", "-k", "8", "-n", "5", "-w", "512", "-y", "1024", "-z", "32"),
    ];

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        scene.Site.StartUpstream();
        string said = await Programs.RunAsync(Programs.Find(Program)!, [_mode, "-c", "400", "-r", "200", "-l", "16", "-i", "2", "-u", $"https://localhost:{scene.Port}{_path}", .. _more]);
        string last = said[Math.Max(0, said.LastIndexOf("initializing:", StringComparison.Ordinal))..];
        string Number(string name) => last.Split('\n').Select(line => Strip(line).Trim()).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "?";
        return AttackResult.Of(
            $"slowhttptest {_mode}, 400 connections, 16 s: {Number("closed")} closed, service available {Number("service available")}",
            Number("closed") == "?" ? [$"slowhttptest did not do it: {said.Split('\n')[0]}"] : []);
    }

    private static string Strip(string line) => string.Concat(line.Split('\u001b').Select((part, index) => index == 0 ? part : part[(part.IndexOf('m', StringComparison.Ordinal) + 1)..]));
}

/// <summary>What scanners of TLS find.</summary>
internal static class Scanners
{
    public static IEnumerable<Attack> All => [new SslScan(), new TestSsl()];

    private sealed class SslScan : Attack
    {
        public override string Name => "sslscan";

        public override string? Missing => Programs.Find("sslscan") is null ? "sslscan is missing: apt install sslscan" : null;

        public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
        {
            string file = Path.Combine(scene.Site.Folder, "sslscan.xml");
            await Programs.RunAsync(Programs.Find("sslscan")!, "--no-colour", $"--xml={file}", $"localhost:{scene.Port}");
            XElement test = XDocument.Load(file).Root!.Element("ssltest")!;
            var faults = new List<string>();
            foreach (XElement protocol in test.Elements("protocol").Where(protocol => (string?)protocol.Attribute("enabled") == "1"))
            {
                if ((string?)protocol.Attribute("type") != "tls" || (string?)protocol.Attribute("version") is not ("1.2" or "1.3"))
                    faults.Add($"{protocol.Attribute("type")?.Value} {protocol.Attribute("version")?.Value} is enabled");
            }

            string[] ciphers = [.. test.Elements("cipher").Select(cipher => (string)cipher.Attribute("cipher")!)];
            faults.AddRange(ciphers.Where(cipher => !cipher.StartsWith("TLS_", StringComparison.Ordinal) && !(cipher.StartsWith("ECDHE-", StringComparison.Ordinal) && (cipher.Contains("GCM", StringComparison.Ordinal) || cipher.Contains("CHACHA20", StringComparison.Ordinal)))).Select(cipher => $"{cipher} is taken"));
            if (ciphers.Length == 0)
                faults.Add("no cipher suite was found");
            if ((string?)test.Element("compression")?.Attribute("supported") is "1")
                faults.Add("compression is supported");
            faults.AddRange(test.Elements("heartbleed").Where(one => (string?)one.Attribute("vulnerable") != "0").Select(one => $"heartbleed with {one.Attribute("sslversion")?.Value}"));
            return new AttackResult($"{ciphers.Length} cipher suites: {string.Join(' ', ciphers)}", faults, []);
        }
    }

    private sealed class TestSsl : Attack
    {
        private const int FindingsAtLeast = 100;

        public override string Name => "testssl";

        public override TimeSpan Duration => TimeSpan.FromMinutes(4);

        public override AttackBounds Bounds => new(P99: 250);

        public override string? Missing => Programs.Find("testssl") is null ? "testssl is missing: apt install testssl.sh" : null;

        // A site with headers, as sites have them.
        public override string SettingsFor(AttackScene scene) => $$"""
            sites.localhost.routes = [{ path = "/hello", respond { status = 200, type = "text/plain", body = "{{BenchSite.Hello}}", headers {
              X-Content-Type-Options = nosniff, X-Frame-Options = DENY, Referrer-Policy = no-referrer, Content-Security-Policy = "default-src 'none'" } } }]
            """;

        public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
        {
            string file = Path.Combine(scene.Site.Folder, "findings.json");
            await Programs.RunAsync(Programs.Find("testssl")!, "--quiet", "--color", "0", "--warnings", "batch", "--add-ca", scene.Site.Authority, "--jsonfile", file, $"https://localhost:{scene.Port}/hello");
            using JsonDocument findings = JsonDocument.Parse(await File.ReadAllTextAsync(file, CancellationToken.None));
            string[] notable = [.. findings.RootElement.EnumerateArray()
                .Where(finding => finding.GetProperty("severity").GetString() is not ("OK" or "INFO" or "LOW") && !IsSelfMade(finding.GetProperty("id").GetString()!))
                .Select(finding => $"{finding.GetProperty("severity")} {finding.GetProperty("id")}: {finding.GetProperty("finding")}")];
            int count = findings.RootElement.GetArrayLength();
            return new AttackResult(
                string.Create(CultureInfo.InvariantCulture, $"{count} findings, {notable.Length} above LOW"),
                count < FindingsAtLeast ? [.. notable, $"{count} findings are too few for a whole run"] : notable,
                []);
        }

        // What only a public CA could give, and what its own openssl lacks.
        private static bool IsSelfMade(string id) => id.Split(' ')[0] is "engine_problem" or "cert_revocation" or "cert_trust" or "cert_caIssuers";
    }
}
