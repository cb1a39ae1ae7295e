using System.Text;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>Who gets no tunnel, and what he sees instead.</summary>
public sealed class RefusalTests
{
    /// <summary>What a client that has an account asks for in vain, and the status and error it gets.</summary>
    public static IReadOnlyList<(string Target, int Status, string? Error)> Refused { get; } =
    [
        ("93.184.216.34:443", 403, "http_request_denied"),
        ("example.org:443", 403, "http_request_denied"),
        ("public.test:443", 403, "http_request_denied"),
        ("www.public.test:80", 403, "http_request_denied"),
        ("evilpublic.test:443", 403, "http_request_denied"),
        ("10.0.0.1:22", 403, "http_request_denied"),
        ("192.168.0.1:443", 403, "http_request_denied"),
        ("172.16.0.1:443", 403, "http_request_denied"),
        ("100.64.0.1:443", 403, "http_request_denied"),
        ("169.254.169.254:80", 403, "http_request_denied"),
        ("[fd00:ec2::254]:80", 403, "http_request_denied"),
        ("0.0.0.0:22", 403, "http_request_denied"),
        ("[::]:22", 400, null),
        ("[::1]:22", 403, "http_request_denied"),
        ("224.0.0.1:22", 403, "http_request_denied"),
        ("255.255.255.255:22", 403, "http_request_denied"),
        ("[fe80::1]:22", 403, "http_request_denied"),
        ("[ff02::1]:22", 403, "http_request_denied"),
        ("[64:ff9b::7f00:1]:22", 403, "http_request_denied"),
        ("[2002:7f00:1::]:22", 403, "http_request_denied"),
        ("[::127.0.0.1]:22", 403, "http_request_denied"),
        ("2130706433:22", 400, "http_request_error"),
        ("0x7f000001:22", 400, "http_request_error"),
        ("127.1:22", 400, "http_request_error"),
        ("0177.0.0.1:22", 400, "http_request_error"),
        ("127.0.0.1:0", 400, "http_request_error"),
        ("-bad.test:22", 400, "http_request_error"),
        ("a..test:22", 400, "http_request_error"),
        ("a..:22", 400, "http_request_error"),
        ("127.0.0.1:1", 502, "connection_refused"),
        ("no-such-name.public.test:443", 502, "dns_error"),
    ];

    /// <summary>Proofs that are none.</summary>
    public static IReadOnlyList<string?> Proofs { get; } =
    [
        null,
        "",
        "Basic",
        "Basic !",
        "Basic " + Base64("alice"),
        "Basic " + Base64("alice:"),
        "Basic " + Base64("alice:wrong"),
        "Basic " + Base64(":" + TunnelServer.Token),
        "Basic " + Base64("bob:" + TunnelServer.Token),
        "Basic " + Base64("ALICE:" + TunnelServer.Token),
        "Basic " + Base64("alice:" + TunnelServer.Token + "0"),
        "Basic " + TunnelServer.Token,
        "Bearer",
        "Bearer wrong",
        "Bearer alice:" + TunnelServer.Token,
        "Digest " + TunnelServer.Token,
        TunnelServer.Token,
    ];

    [Theory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task A_target_that_is_not_allowed_is_refused_with_its_reason(string engine)
    {
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        var wrong = new List<string>();
        foreach ((string target, int status, string? error) in Refused)
        {
            await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
            await client.SendAsync(TunnelServer.Request(target, TunnelServer.Basic));
            HttpAnswer answer = await client.ReadAnswerAsync();
            if (answer.Status != status || answer.Headers.GetValueOrDefault("Proxy-Status") != (error is null ? null : $"actors443; error={error}"))
                wrong.Add($"{target}: {answer.Status} {answer.Headers.GetValueOrDefault("Proxy-Status")}");
        }

        Assert.Empty(wrong);
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "none of them is left");
    }

    [Theory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task Who_proves_nothing_sees_what_he_would_see_without_tunnels(string engine)
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using RunningServer ordinary = await RunningServer.StartAsync("actors443.sites { \"*\" { respond { body = \"hello\", type = \"text/plain\" } } }", "engine=" + engine);

        foreach (string? proof in Proofs)
        {
            string request = TunnelServer.Request(target.Authority, proof) + "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            Assert.Equal(await AskAsync(ordinary, request), await AskAsync(server, request));
        }

        const string webSocket = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        foreach (string upgrade in (string[])[webSocket, "Upgrade: actors443-session\r\n", "Upgrade: actors443-session\r\nProxy-Authorization: Basic x\r\n", webSocket + "Authorization: Bearer wrong\r\n"])
        {
            string request = $"GET /.well-known/masque/tcp/127.0.0.1/{target.Port}/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n{upgrade}\r\nGET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            Assert.Equal(await AskAsync(ordinary, request), await AskAsync(server, request));
        }

        Assert.Equal(0, target.Accepted);
    }

    [Fact]
    public async Task Two_proofs_are_none()
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync("auto");

        string answer = await AskAsync(server, $"CONNECT {target.Authority} HTTP/1.1\r\nHost: {target.Authority}\r\nProxy-Authorization: Basic x\r\nProxy-Authorization: {TunnelServer.Basic}\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 405 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_are_asked_for_credentials_only_if_that_is_configured()
    {
        await using RunningServer server = await TunnelServer.StartAsync("auto", tunnels: "challenge = on");

        string answer = await AskAsync(server, "CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 407 ", answer, StringComparison.Ordinal);
        Assert.Contains("Proxy-Authenticate: Basic realm=\"tunnels\"", answer, StringComparison.Ordinal);
    }

    private static async Task<string> AskAsync(RunningServer server, string request)
    {
        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
        await client.SendAsync(request);
        using var reader = new StreamReader(client.Stream, Encoding.Latin1);
        string answer = await reader.ReadToEndAsync();
        return System.Text.RegularExpressions.Regex.Replace(answer, "Date: [^\r]*", "Date: …");
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
