namespace Actors443.Bench.Attacks;

/// <summary>The admin server asked without its token, under another name (DNS rebinding), and by pages of others; and through the port of the sites.</summary>
internal sealed class AdminProbes : Attack
{
    private static readonly string[] Guarded =
    [
        "/api/v1/status", "/api/v1/connections", "/API/v1/connections", "//api/v1/connections", "/api//v1/connections", "/api/v1/../v1/connections", "/healthz/../api/v1/connections", "/healthz/%2e%2e/api/v1/connections",
        "/%61pi/v1/connections", "/api%2fv1%2fconnections", "/api/v1/connections/", "/api/v1/connections;a=b", "/api/v1/events", "/api/v1/sites", "/api/v1/actors", "/api/v1/openapi.json", "/api/v1/certificates", "/dashboard/../api/v1/connections",
    ];

    public override string Name => "admin-probes";

    public override TimeSpan Duration => TimeSpan.FromMinutes(1);

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        int port = scene.Server.AdminPort;
        string host = $"127.0.0.1:{port}";
        string token = scene.Server.AdminToken;
        var faults = new List<string>();
        var details = new List<string>();
        foreach (string target in Guarded)
        {
            await AskAsync("no token", $"GET {target} HTTP/1.1\r\nHost: {host}\r\n");
            await AskAsync("a wrong token", $"GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token[..^1]}\r\n");
        }

        string guarded = Guarded[1];
        foreach ((string what, string headers) in ((string, string)[])
        [
            ("the token as Basic", $"Authorization: Basic {token}"), ("the token as a cookie", $"Cookie: token={token}"), ("an empty token", "Authorization: Bearer "), ("two tokens", $"Authorization: Bearer x\r\nAuthorization: Bearer {token}"),
            ("the token of another scheme", $"Authorization: Token {token}"), ("a forwarded address", "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1"),
        ])
            await AskAsync(what, $"GET {guarded} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
        await AskAsync("the token in the query", $"GET {guarded}?token={token}&access_token={token} HTTP/1.1\r\nHost: {host}\r\n");
        foreach (string other in (string[])["evil.example", $"evil.example:{port}", $"127.0.0.1.evil.example:{port}", $"localhost.evil.example:{port}", "", "169.254.169.254", $"[::ffff:127.0.0.1].evil.example:{port}", $"127.0.0.1:{port}@evil.example"])
            await AskAsync($"the Host '{other}'", $"GET {guarded} HTTP/1.1\r\nHost: {other}\r\nAuthorization: Bearer {token}\r\n");
        foreach ((string what, string request) in ((string, string)[])
        [
            ("a page's POST", $"POST /api/v1/drain HTTP/1.1\r\nHost: {host}\r\nOrigin: https://evil.example\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n"),
            ("a page's POST of a form", $"POST /api/v1/drain HTTP/1.1\r\nHost: {host}\r\nOrigin: null\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n"),
            ("another method by a header", $"GET /api/v1/connections/c-1 HTTP/1.1\r\nHost: {host}\r\nX-HTTP-Method-Override: DELETE\r\n"),
            ("an absolute target", $"GET http://{host}{guarded} HTTP/1.1\r\nHost: {host}\r\n"),
        ])
            await AskAsync(what, request);
        string preflight = await RawHttp.SendPlainAsync(port, $"OPTIONS {guarded} HTTP/1.1\r\nHost: {host}\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: DELETE\r\nAccess-Control-Request-Headers: authorization\r\nConnection: close\r\n\r\n");
        details.Add($"a preflight: {RawHttp.StatusOf(preflight)}");
        if (preflight.Contains("Access-Control-Allow", StringComparison.OrdinalIgnoreCase))
            faults.Add("pages of others are let in (CORS)");
        string own = await RawHttp.SendPlainAsync(port, $"GET {guarded} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
        if (RawHttp.StatusOf(own) != 200)
            faults.Add($"not even the operator is answered: {RawHttp.StatusOf(own)}");
        string site = await RawHttp.SendAsync(scene.Port, $"GET {guarded} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
        details.Add($"the API at the port of the sites: {RawHttp.StatusOf(site)}");
        if (RawHttp.StatusOf(site) is not 404)
            faults.Add(details[^1]);
        return new AttackResult($"{details.Count} requests, {faults.Count} of them answered", faults, details);

        async Task AskAsync(string what, string request)
        {
            string answer = await RawHttp.SendPlainAsync(port, request + "Connection: close\r\n\r\n");
            int status = RawHttp.StatusOf(answer);
            details.Add($"{what}, {request.Split("\r\n")[0]}: {status}");
            if (status is not (400 or 401 or 403 or 404 or 405 or 421))
                faults.Add(details[^1]);
        }
    }
}
