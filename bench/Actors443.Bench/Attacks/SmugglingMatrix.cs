using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Actors443.Bench.Servers;
using Actors443.Testing.Http2;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Actors443.Bench.Attacks;

/// <summary>
/// Each odd request to the server itself, and through it to an upstream: refused, or both see the same requests. The upstream tells which it has seen; the client, which were
/// answered; and a victim behind it must get what is his.
/// </summary>
internal sealed partial class SmugglingMatrix : Attack
{
    private readonly Func<AttackScene, IUpstream>? _start;
    private IUpstream? _upstream;

    private SmugglingMatrix(string name, Func<AttackScene, IUpstream>? start)
    {
        Name = name;
        _start = start;
    }

    private interface IUpstream : IDisposable
    {
        int Port { get; }

        /// <summary>Targets seen since the last call.</summary>
        IReadOnlyList<string> TakeSeen();
    }

    public override string Name { get; }

    public override TimeSpan Duration => TimeSpan.FromMinutes(2);

    public override string? Missing => Name.EndsWith("nginx", StringComparison.Ordinal) && Programs.Find("nginx") is null ? "nginx is missing: apt install nginx-light" : null;

    public static IEnumerable<Attack> All =>
    [
        new SmugglingMatrix("smuggling-direct", null),
        new SmugglingMatrix("smuggling-nginx", static scene => new NginxUpstream(scene.Site)),
        new SmugglingMatrix("smuggling-kestrel", static _ => new KestrelUpstream()),
    ];

    public override string SettingsFor(AttackScene scene)
    {
        _upstream = _start is null ? null : scene.Hold(_start(scene));
        string rest = _upstream is null ? """respond { status = 200, type = "text/plain", body = "[/]" }""" : $"proxy = \"http://127.0.0.1:{_upstream.Port}\"";
        return $$"""
            sites.localhost.routes = [
              { path = "/hello", respond { status = 200, type = "text/plain", body = "{{BenchSite.Hello}}" } }
              { path = "/*", {{rest}} }
            ]
            """;
    }

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        var faults = new List<string>();
        var details = new List<string>();
        int refused = 0;
        int agreed = 0;
        foreach (SmugglingCase odd in SmugglingCase.All)
        {
            _ = _upstream?.TakeSeen();
            string answer = await RawHttp.SendAsync(scene.Port, odd.Bytes, scene.NextAddress());
            (bool isRefused, string? fault) = await JudgeAsync(scene, answer, odd.MustBeRefused);
            refused += isRefused ? 1 : 0;
            agreed += isRefused || fault is not null ? 0 : 1;
            details.Add($"{odd.Name}: {fault ?? (isRefused ? $"refused with {RawHttp.StatusOf(answer)}" : "both agree")}");
            if (fault is not null)
                faults.Add($"{odd.Name}: {fault}");
        }

        foreach ((string name, byte[] block, byte[] body) in Http2Cases())
        {
            _ = _upstream?.TakeSeen();
            await using FrameClient client = await FrameClient.ConnectAsync(scene.Port, scene.NextAddress());
            client.Add(FrameClient.Headers, FrameClient.EndHeaders, 1, block).Add(FrameClient.Data, FrameClient.EndStream, 1, body);
            await client.SendAsync(stop);
            long start = Stopwatch.GetTimestamp();
            while (!client.Ended.IsCompleted && client.Received(FrameClient.Headers) + client.Received(FrameClient.Reset) + client.Received(FrameClient.GoAway) == 0 && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(3))
                await Task.Delay(10, CancellationToken.None);
            bool isAnswered = client.Received(FrameClient.Headers) > 0;
            (_, string? fault) = await JudgeAsync(scene, isAnswered ? "HTTP/1.1 200 [/] [/one]" : "", mustBeRefused: false);
            refused += isAnswered ? 0 : 1;
            agreed += isAnswered && fault is null ? 1 : 0;
            details.Add($"HTTP/2, {name}: {fault ?? (isAnswered ? "both agree, or refused by an answer" : "refused")}");
            if (fault is not null)
                faults.Add($"HTTP/2, {name}: {fault}");
        }

        return new AttackResult($"{details.Count} odd requests: {refused} refused, {agreed} with ends that both agree on, {faults.Count} not as they should be", faults, details);
    }

    private async Task<(bool IsRefused, string? Fault)> JudgeAsync(AttackScene scene, string answer, bool mustBeRefused)
    {
        string[] answered = [.. Echo().Matches(answer).Select(match => match.Groups[1].Value)];
        bool isRefused = answered.Length == 0;
        string? fault = null;
        if (_upstream is null)
        {
            // An answer may come before the fault in a body that nobody reads; nothing behind it may count.
            if (mustBeRefused && answered.Length > 1)
                fault = $"answered {answered.Length} times";
            return (isRefused, fault);
        }

        IReadOnlyList<string> seen = [.. _upstream.TakeSeen()];
        // What an upstream sees and nobody is answered for is somebody else's answer. Of a request that broke off in its body it has seen the head.
        // Of HTTP/2 it is not known here what was answered, only how often.
        IEnumerable<string> more = answered is ["/", "/one"] ? seen.Skip(1).Concat(seen.Where(path => path == "/smuggled")) : seen.Except(answered).Except(["/"]);
        if (more.FirstOrDefault() is { } smuggled)
            fault = $"the upstream has seen {smuggled}, and its answer went to nobody";
        else if (seen.Count(path => path == "/smuggled") > answered.Count(path => path == "/smuggled"))
            fault = "the upstream has seen more requests than we have";
        foreach (string victim in (string[])["/victim-1", "/victim-2"])
        {
            string own = await RawHttp.SendAsync(scene.Port, $"GET {victim} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            if (!own.Contains($"[{victim}]", StringComparison.Ordinal))
                fault = $"a victim got '{own.ReplaceLineEndings(" ")}'";
        }

        return (isRefused, fault);
    }

    private static IEnumerable<(string Name, byte[] Block, byte[] Body)> Http2Cases()
    {
        byte[] hidden = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray();
        yield return ("TE", FrameClient.Request("POST", more: ("transfer-encoding", "chunked")), [.. "0\r\n\r\n"u8, .. hidden]);
        yield return ("CL shorter than its body", FrameClient.Request("POST", more: ("content-length", "0")), hidden);
        yield return ("CL longer than its body", FrameClient.Request("POST", more: ("content-length", "100")), "hello"u8.ToArray());
        yield return ("CL twice", FrameClient.Request("POST", more: [("content-length", "0"), ("content-length", "45")]), hidden);
        yield return ("CR LF in a value", FrameClient.Request("POST", more: ("x", "a\r\nTransfer-Encoding: chunked")), [.. "0\r\n\r\n"u8, .. hidden]);
        yield return ("LF in a value", FrameClient.Request("POST", more: ("x", "a\nContent-Length: 0")), hidden);
        yield return ("CR LF in a name", FrameClient.Request("POST", more: ("x: a\r\ncontent-length", "0")), hidden);
        yield return ("colon in a name", FrameClient.Request("POST", more: ("transfer-encoding: chunked", "a")), [.. "0\r\n\r\n"u8, .. hidden]);
        yield return ("CR LF in the path", FrameClient.Request("POST", "/ HTTP/1.1\r\nHost: localhost\r\n\r\nGET /smuggled"), "hello"u8.ToArray());
        yield return ("space in the path", FrameClient.Request("POST", "/ HTTP/1.1\tx"), "hello"u8.ToArray());
        yield return ("letters in the path whose low bytes are CR LF", FrameClient.Request("POST", "/\u00c4\u008d\u00c4\u008aX: y"), "hello"u8.ToArray());
        yield return ("letters in the query whose low bytes are CR LF", FrameClient.Request("POST", "/?\u00c4\u008d\u00c4\u008aGET"), "hello"u8.ToArray());
        yield return ("letters in a value whose low bytes are CR LF", FrameClient.Request("POST", more: ("x", "a\u00c4\u008d\u00c4\u008aTransfer-Encoding: chunked")), "hello"u8.ToArray());
        yield return ("CR LF in the method", FrameClient.Request("GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\nPOST"), "hello"u8.ToArray());
        yield return ("space in the method", FrameClient.Request("GET /smuggled HTTP/1.1 POST"), "hello"u8.ToArray());
        yield return ("CR LF in the authority", FrameClient.Request("POST", authority: "localhost\r\nTransfer-Encoding: chunked"), [.. "0\r\n\r\n"u8, .. hidden]);
        yield return ("Connection", FrameClient.Request("POST", more: ("connection", "keep-alive, content-length")), "hello"u8.ToArray());
        yield return ("capitals in a name", FrameClient.Request("POST", more: ("Transfer-Encoding", "chunked")), [.. "0\r\n\r\n"u8, .. hidden]);
        yield return ("an unknown pseudo-header", FrameClient.Request("POST", more: (":protocol2", "x")), "hello"u8.ToArray());
        yield return ("a Host that differs", FrameClient.Request("POST", more: ("host", "other.example")), "hello"u8.ToArray());
    }

    [GeneratedRegex(@"\[(/[^\]]*)\]")]
    private static partial Regex Echo();

    /// <summary>It takes the body by its own reading, and logs every request that it has seen.</summary>
    private sealed class NginxUpstream : IUpstream
    {
        private readonly Process _process;
        private readonly string _log;
        private int _read;

        public NginxUpstream(BenchSite site)
        {
            Port = BenchSite.FreePort();
            _log = Path.Combine(site.Folder, "seen.log");
            string file = site.Write("smuggled.conf", $$"""
                worker_processes 1; daemon off; pid {{site.Folder}}/smuggled.pid; error_log {{site.Folder}}/smuggled-error.log crit;
                events { worker_connections 400; }
                http { log_format seen '$request_uri'; access_log {{_log}} seen; underscores_in_headers on;
                  server { listen 127.0.0.1:{{Port}}; location / { default_type text/plain; return 200 "[$request_uri]"; } } }
                """);
            _process = Programs.Start(Programs.Find("nginx")!, ["-c", file, "-e", "/dev/null"]);
            while (!File.Exists(_log))
                Thread.Sleep(20);
        }

        public int Port { get; }

        public IReadOnlyList<string> TakeSeen()
        {
            string[] all = File.ReadAllLines(_log);
            string[] news = all[_read..];
            _read = all.Length;
            return [.. news.Where(line => !line.StartsWith("/victim", StringComparison.Ordinal))];
        }

        public void Dispose() => Programs.Stop(_process);
    }

    /// <summary>An ASP.NET Core application.</summary>
    private sealed class KestrelUpstream : IUpstream
    {
        private readonly WebApplication _application;
        private readonly ConcurrentQueue<string> _seen = new();

        public KestrelUpstream()
        {
            Port = BenchSite.FreePort();
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, Port));
            _application = builder.Build();
            _application.Run(async context =>
            {
                if (!context.Request.Path.StartsWithSegments("/victim-1") && !context.Request.Path.StartsWithSegments("/victim-2"))
                    _seen.Enqueue(context.Request.Path);
                await context.Request.Body.CopyToAsync(Stream.Null);
                await context.Response.WriteAsync($"[{context.Request.Path}]");
            });
            _application.StartAsync().GetAwaiter().GetResult();
        }

        public int Port { get; }

        public IReadOnlyList<string> TakeSeen()
        {
            var seen = new List<string>();
            while (_seen.TryDequeue(out string? path))
                seen.Add(path);
            return seen;
        }

        public void Dispose() => _application.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
