using System.Text.Json;
using Actors443.Testing.Http2;

namespace Actors443.Bench.Attacks;

/// <summary>What clients write into logs and answers: line ends, sequences that steer terminals, quotes; each request must be one line, and no header of theirs comes back.</summary>
internal sealed class LogInjection : Attack
{
    private const string Evil = "evil-line";

    private static readonly string[] Texts =
    [
        "\r\n" + Evil, "\n" + Evil, "\r" + Evil, "%0d%0a" + Evil, "%0a" + Evil, "\u001b[2J\u001b[31m" + Evil, "%1b%5b2J" + Evil, "\u0000" + Evil, "%00" + Evil, "\u0007\u0008" + Evil, "\u009b31m" + Evil,
        "\" 200 0 \"" + Evil, "\\\" " + Evil, "\\n" + Evil, "\u007f" + Evil, "\u00c2\u0085" + Evil, "\u00e2\u0080\u00a8" + Evil, "\u00e2\u0080\u00ae" + Evil, "%e2%80%ae" + Evil, "{\"a\":1}" + Evil, "${jndi:ldap://127.0.0.1/a}" + Evil, "<script>" + Evil,
        "%c2%9b31m" + Evil, "%u000a" + Evil, "\u00ff\u00fe" + Evil, new string('a', 4_000) + "%0a" + Evil,
    ];

    private string _log = "";

    public override string Name => "log-and-header-injection";

    public override TimeSpan Duration => TimeSpan.FromMinutes(1);

    public override string SettingsFor(AttackScene scene)
    {
        _log = Path.Combine(scene.Site.Folder, "access.log");
        return $$"""
            access-log { format = combined, path = "{{_log}}" }
            sites.localhost.routes = [
              { path = "/hello", respond { status = 200, type = "text/plain", body = "{{Servers.BenchSite.Hello}}" } }
              { path = "/old/*", redirect = "/new/{rest}" }
              { path = "/proxy/*", proxy = "http://127.0.0.1:{{scene.Site.UpstreamPort}}" }
            ]
            """;
    }

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        scene.Site.StartUpstream();
        var faults = new List<string>();
        int sent = 0;
        foreach (string text in Texts)
        {
            foreach (string request in (string[])
            [
                $"GET /old/{text} HTTP/1.1\r\nHost: localhost\r\n", $"GET /proxy/{text} HTTP/1.1\r\nHost: localhost\r\n", $"GET /files/{text} HTTP/1.1\r\nHost: localhost\r\n", $"GET /old/a?{text} HTTP/1.1\r\nHost: localhost\r\n",
                $"GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {text}\r\n", $"GET /hello HTTP/1.1\r\nHost: localhost\r\nReferer: https://a/{text}\r\n", $"GET /hello HTTP/1.1\r\nHost: {text}\r\n",
                $"GET /hello HTTP/1.1\r\nHost: localhost\r\nCookie: a=b; {text}\r\n", $"{text} /hello HTTP/1.1\r\nHost: localhost\r\n",
            ])
            {
                sent++;
                string answer = await RawHttp.SendAsync(scene.Port, request + "Connection: close\r\n\r\n", scene.NextAddress());
                string head = answer.Split("\r\n\r\n")[0];
                if (head.Split("\r\n").Any(line => line.StartsWith(Evil, StringComparison.Ordinal) || line.StartsWith("Set-Cookie", StringComparison.OrdinalIgnoreCase)) || head.AsSpan().ContainsAny('\u001b', '\0', '\u007f'))
                    faults.Add($"a header of the client's came back: {JsonSerializer.Serialize(head)}");
            }

            foreach (byte[] block in (byte[][])
            [
                FrameClient.Request(path: "/old/" + text), FrameClient.Request(path: "/hello", more: ("user-agent", text)), FrameClient.Request(path: "/hello", authority: "localhost" + text), FrameClient.Request(path: "/hello", more: ("cookie", text)),
                FrameClient.Request(path: "/hello", more: (text, "a")), FrameClient.Request(text, "/hello"),
            ])
            {
                sent++;
                await using FrameClient client = await FrameClient.ConnectAsync(scene.Port, scene.NextAddress());
                client.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, 1, block);
                await client.SendAsync(stop);
                for (int waited = 0; waited < 100 && !client.Ended.IsCompleted && client.Received(FrameClient.Headers) + client.Received(FrameClient.Reset) + client.Received(FrameClient.GoAway) == 0; waited++)
                    await Task.Delay(10, CancellationToken.None);
            }
        }

        await Task.Delay(500, CancellationToken.None);
        byte[] log = await File.ReadAllBytesAsync(_log, CancellationToken.None);
        string[] lines = System.Text.Encoding.UTF8.GetString(log).Split('\n');
        if (log.Any(one => one is < 0x20 and not (byte)'\n' or 0x7f))
            faults.Add("a control character is in the access log");
        faults.AddRange(lines.Where(line => line.Length > 0 && !line.StartsWith("127.", StringComparison.Ordinal)).Take(3).Select(line => $"a line of the access log is a client's: {line}"));
        if (lines.Any(line => line.Contains('\u009b') || line.Contains('\u0085') || line.Contains('\u2028') || line.Contains('\u202e')))
            faults.Add("a character that steers terminals is in the access log");
        return AttackResult.Of($"{sent} requests, {lines.Length - 1} lines in the access log", [.. faults]);
    }
}
