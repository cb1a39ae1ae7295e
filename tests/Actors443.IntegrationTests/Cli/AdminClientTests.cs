using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Actors443.Certificates;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Connections.History;
using Actors443.Server.Cli;
using Actors443.Server.Configuration;

namespace Actors443.IntegrationTests.Cli;

/// <summary><c>conns</c> and <c>certs</c> against a real admin server.</summary>
public class AdminClientTests
{
    [Fact]
    public async Task Conns_lists_the_connections_of_the_running_server_as_lines()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Connections.AddRange([FakeServerControl.Connection("c-1", age: 1), FakeServerControl.Connection("c-2", ConnectionState.Handshaking, name: null, age: 70)]);

        (int code, string output, string error) = await RunAsync(admin.Settings, "conns");

        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((0, "", 3), (code, error, lines.Length));
        Assert.Matches(@"^c-2\s+handshaking\s+1m 10s\s+0\.0s\s+\[::1\]:50000\s+-\s+h2\s+1\.3 resumed\s+3\s+1\s+2\.0 KiB\s+4\.0 KiB$", lines[1]);
        Assert.StartsWith("c-1", lines[2], StringComparison.Ordinal);
        Assert.DoesNotContain('\x1b', output);
    }

    [Fact]
    public async Task Conns_as_json_is_one_document_with_the_filters_applied()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Connections.AddRange([FakeServerControl.Connection("c-1"), FakeServerControl.Connection("c-2", ConnectionState.Draining)]);

        (int code, string output, _) = await RunAsync(admin.Settings, "conns", "--state", "draining", "--json");

        using JsonDocument json = JsonDocument.Parse(output);
        Assert.Equal(0, code);
        Assert.Equal("c-2", Assert.Single(json.RootElement.GetProperty("connections").EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Why_tells_ends_and_refusals_in_sentences()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        DateTimeOffset at = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        ConnectionReport last = ConnectionReport.Of(FakeServerControl.Connection("c-1", ConnectionState.Closed), "n1:2552");
        admin.Control.Directory.History = new ConnectionHistory
        {
            Ended =
            [
                new EndedConnection
                {
                    EndedAt = at, Reason = "headers_timeout", By = "server", Meaning = "The headers did not end.", Detail = "too slow", Advice = "Look at it.", Last = last,
                    Events = [new LifecycleReport(0, "accepted", null), new LifecycleReport(7, "handshake-completed", "resumed")],
                },
            ],
            Matched = 3,
            Forgotten = 2,
            Refused = [new RefusedClient(null, "192.0.2.0/24", "client_banned", "It is banned.", null, 12, at, at.AddSeconds(5), 8)],
            Open = 4,
            KeptSeconds = 3600,
            Silent = ["n3:2552"],
        };

        (int code, string output, string error) = await RunAsync(admin.Settings, "why", "192.0.2.0/24", "--limit", "1");

        Assert.Equal((0, "n3:2552 did not answer; what it remembers is missing here\n", "192.0.2.0/24 1"), (code, error, admin.Control.Directory.HistoryAskedOf));
        Assert.Equal(
            """
            192.0.2.0/24: 3 ends are remembered of the last 1h 0m, the last 1 follow; 2 earlier ones are forgotten; 4 open now

            192.0.2.0/24 refused before TLS 12 times, 2026-01-02 03:04:05Z to 2026-01-02 03:04:10Z: client_banned
              It is banned.
              Still banned for 8.0s.

            2026-01-02 03:04:05Z  c-1 of [::1]:50000 on n1:2552: headers_timeout, by the server after 1.0s
              The headers did not end. Too slow.
              Look at it.
              https-443, SNI localhost, TLS 1.3 resumed TLS_AES_256_GCM_SHA384, h2, 3 requests, 2.0 KiB in, 4.0 KiB out
              accepted +0 ms → handshake-completed (resumed) +7 ms

            """,
            output);
    }

    [Fact]
    public async Task Why_all_begins_with_what_ends_connections_here()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Directory.History = new ConnectionHistory { Matched = 9, Reasons = [new ReasonCount("not_tls", 8, "It was no TLS."), new ReasonCount("client_reset", 1, "It was reset.")], KeptSeconds = 60 };

        (int code, string output, _) = await RunAsync(admin.Settings, "why", "all");

        Assert.Equal((0, " 10"), (code, admin.Control.Directory.HistoryAskedOf));
        Assert.Contains("   8  not_tls       It was no TLS.", output.Split('\n'));
    }

    [Fact]
    public async Task Certs_asks_the_running_server_first()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        (int code, string output, string error) = await RunAsync(admin.Settings, "certs");

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("live.example", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certs_looks_at_the_files_when_no_server_runs_and_says_so()
    {
        using var free = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        free.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        (int code, string output, string error) = await RunAsync(AdminFixture.SettingsIn(Path.GetTempPath(), (IPEndPoint)free.LocalEndPoint!), "certs");

        Assert.Equal((0, "no certificates\n"), (code, output));
        Assert.Contains("no server runs", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certs_why_tells_the_story_and_certs_renew_asks_for_a_new_one()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        (int code, string output, string error) = await RunAsync(admin.Settings, "certs", "why", "live.example");
        (int renewCode, string renewed, _) = await RunAsync(admin.Settings, "certs", "renew", "live.example");
        (int unknownCode, string nothing, string unknown) = await RunAsync(admin.Settings, "certs", "renew", "other.example");

        Assert.Equal((0, "live.example: All is well.\n  2026-01-01 00:00:00Z  It was ordered.\n", ""), (code, output, error));
        Assert.Equal((0, "Asked for live.example.\n"), (renewCode, renewed));
        Assert.Equal((1, ""), (unknownCode, nothing));
        Assert.Contains("Asked for other.example.", unknown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_server_conns_says_where_it_looked_and_what_to_do()
    {
        // Bound and not listening: nobody else can take the port meanwhile, and connecting is refused.
        using var free = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        free.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        (int code, string output, string error) = await RunAsync(AdminFixture.SettingsIn(Path.GetTempPath(), (IPEndPoint)free.LocalEndPoint!), "conns");

        Assert.Equal((1, ""), (code, output));
        Assert.Equal($"actors443: no server answers on {free.LocalEndPoint}; start it with 'actors443 run', or name the configuration files of the one that runs\n", error);
    }

    [Fact]
    public async Task Without_the_token_and_with_a_wrong_one_conns_says_which_user_or_files_to_take()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        await using AdminFixture other = await AdminFixture.StartAsync();
        ServerSettings wrong = other.Settings with { Admin = admin.Settings.Admin };
        ServerSettings none = AdminFixture.SettingsIn(Path.Combine(Path.GetTempPath(), "a443-nothing-here"), admin.EndPoint);

        (int wrongCode, _, string wrongError) = await RunAsync(wrong, "conns");
        (int noneCode, _, string noneError) = await RunAsync(none, "conns");

        Assert.Equal((1, 1), (wrongCode, noneCode));
        Assert.Contains("does not accept the token", wrongError, StringComparison.Ordinal);
        Assert.Contains("there is no token", noneError, StringComparison.Ordinal);
    }

    internal static async Task<(int Code, string Output, string Error)> RunAsync(ServerSettings settings, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var environment = new CommandEnvironment
        {
            Console = new CommandConsole(output, error, isTerminal: false, errorIsTerminal: false, colour: true, width: 0),
            LoadSettings = (_, _) => new LoadedSettings(settings, [], []),
            Serve = (_, _) => throw new InvalidOperationException("not asked to serve"),
            CheckCertificates = _ => new CertificateCheck([], [], []),
            LocalTrust = _ => throw new InvalidOperationException("not asked for trust"),
        };
        int code = await new CommandLine(environment).InvokeAsync(arguments);
        return (code, output.ToString(), error.ToString());
    }
}
