using System.Net;
using System.Net.Sockets;

namespace Actors443.Bench.Attacks;

/// <summary>DNS over HTTPS asked by strangers: no answer, no question to an upstream; and by who may ask, with what is no question.</summary>
internal sealed class OpenResolver : Attack
{
    // example.com A, recursion desired.
    private const string Query = "AAABAAABAAAAAAAAB2V4YW1wbGUDY29tAAABAAE";

    public override string Name => "open-resolver";

    public override TimeSpan Duration => TimeSpan.FromMinutes(1);

    public override string SettingsFor(AttackScene scene)
    {
        _upstream = scene.Hold(new UdpClient(new IPEndPoint(IPAddress.Loopback, 0)));
        return $$"""
            sites.localhost.routes = [{ path = "/dns-query", dns = on }, { path = "/hello", respond { status = 200, type = "text/plain", body = "{{Servers.BenchSite.Hello}}" } }]
            dns { allow = ["127.0.0.1/32"], upstreams = ["127.0.0.1:{{((IPEndPoint)_upstream.Client.LocalEndPoint!).Port}}"], timeout = 500ms }
            """;
    }

    private UdpClient? _upstream;

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        var faults = new List<string>();
        var details = new List<string>();
        string[] strangers = [$"?dns={Query}", "?name=example.com&type=A", $"?dns={Query}&dns={Query}"];
        foreach (string query in strangers)
        {
            foreach (string more in (string[])["", "X-Forwarded-For: 127.0.0.1\r\n", "X-Real-IP: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n"])
                await AskAsync(query, more, scene.NextAddress(), 403);
        }

        if (_upstream!.Available > 0)
            faults.Add("a stranger's question was put to the upstream");
        // Where questions go is the server's own choice, and what is no question goes nowhere.
        foreach (string query in (string[])["?dns=", "?dns=AAAA", "?dns=!!!!", $"?dns={Query}==", "?name=http://127.0.0.1/&type=A", "?name=" + new string('a', 300), $"?dns={new string('A', 7_000)}", "?name=a%00b&type=A", "?name=a..b", "?url=http://127.0.0.1/", "?name=example.com&type=AXFR", "?name=example.com&type=99999"])
            await AskAsync(query, "", IPAddress.Loopback, null);
        return new AttackResult($"{details.Count} questions: {string.Join(", ", details.GroupBy(detail => detail[^3..]).OrderBy(group => group.Key).Select(group => $"{group.Key} {group.Count()} times"))}", faults, details);

        async Task AskAsync(string query, string more, IPAddress from, int? expected)
        {
            string answer = await RawHttp.SendAsync(scene.Port, $"GET /dns-query{query} HTTP/1.1\r\nHost: localhost\r\nAccept: application/dns-message\r\n{more}Connection: close\r\n\r\n", from);
            int status = RawHttp.StatusOf(answer);
            details.Add($"{query[..Math.Min(40, query.Length)]} {more.ReplaceLineEndings(" ")}from {from}: {status}");
            if (expected is { } wanted ? status != wanted : status is 0 or >= 500)
                faults.Add(details[^1]);
        }
    }
}
