using System.Text.Json;
using Actors443.Server.Cli;
using Actors443.Server.Load;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Settings;
using Actors443.Testing;
using Actors443.Tests.Cli;
using LoadSettings = Actors443.Server.Load.Settings.LoadSettings;

namespace Actors443.Tests.Load;

/// <summary>The command from its arguments to what it writes, with clients that only say what they would have done.</summary>
public sealed class LoadCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Plain_options_shape_one_steady_group()
    {
        var run = new FakeRun();
        CommandRun command = await new CommandRun { LoadRun = run }.InvokeAsync(
            "load", "localhost:8443/a?b=c", "-c", "64", "-p", "h2", "-m", "32", "-r", "2000/s", "-d", "30s", "--warm-up", "2s", "--loops", "2", "-H", "X-A: 1: 2", "--data", "a \"b\"", "--tls", "1.3", "--sni", "example.com");

        Assert.Equal(ExitCode.Done, command.ExitCode);
        Assert.Equal(new Uri("https://localhost:8443/a?b=c"), run.Settings!.Target);
        Assert.Equal((30, 2, 2), (run.Settings.Duration.TotalSeconds, run.Settings.WarmUp.TotalSeconds, run.Settings.Loops));
        Assert.Equal(("example.com", System.Security.Authentication.SslProtocols.Tls13), (run.Settings.Tls.ServerName, run.Settings.Tls.MinimumVersion));
        SteadyGroup group = Assert.IsType<SteadyGroup>(Assert.Single(run.Settings.Groups));
        Assert.Equal((64, LoadProtocol.Http2, 32, 2000), (group.Clients, group.Protocol, group.Streams, group.Rate));
        Assert.Equal("POST", group.Request.Method);
        Assert.Equal("a \"b\"", System.Text.Encoding.UTF8.GetString(group.Request.Body.Span));
        Assert.Equal(KeyValuePair.Create("X-A", "1: 2"), Assert.Single(group.Request.Headers));
    }

    [Fact]
    public async Task Without_a_word_about_clients_ten_ask_again_and_again()
    {
        var run = new FakeRun();

        await new CommandRun { LoadRun = run }.InvokeAsync("load", "https://localhost/");

        SteadyGroup group = Assert.IsType<SteadyGroup>(Assert.Single(run.Settings!.Groups));
        Assert.Equal((10, null, LoadProtocol.Http1), (group.Clients, group.Rate, group.Protocol));
    }

    [Fact]
    public async Task Modes_combine_and_take_their_keys()
    {
        var run = new FakeRun();
        string queries = _folder.Write("queries.txt", "# names\nexample.com A\nexample.org AAAA ; both\n");

        CommandRun command = await new CommandRun { LoadRun = run }.InvokeAsync(
            "load", "https://localhost/", "-c", "3", "--steady", "clients=5,start=2s,duration=3s", "--hold", "sessions=10000,ramp=20s,heartbeat=off", "--handshakes", "rate=200/s,resumed=80%,request=off,version=1.2,certificate-kind=rsa",
            "--storm", "sessions=100,storms=3,reset", "--websocket", "push=on,size=1KiB", "--doh", $"file={queries},get=on", "--tunnel", "to=localhost:7", "--abuse", "kind=rapid-reset,clients=7", "--abuse", "kind=slowloris");

        Assert.Equal("", command.Error);
        Assert.Equal(["steady", "steady-2", "handshakes", "hold", "storm", "websocket", "doh", "tunnel", "abuse", "abuse-2"], run.Settings!.Groups.Select(group => group.Name));
        Assert.Equal((5, 2, 3), (run.Settings.Groups[1].Connections, run.Settings.Groups[1].Start.TotalSeconds, run.Settings.Groups[1].Duration!.Value.TotalSeconds));
        var handshakes = (HandshakesGroup)run.Settings.Groups[2];
        Assert.Equal((200, 0.8, false, CertificateKind.Rsa), (handshakes.Rate, handshakes.Resumed, handshakes.WithRequest, handshakes.CertificateKind));
        var hold = (HoldGroup)run.Settings.Groups[3];
        Assert.Equal((10_000, 20, null), (hold.Sessions, hold.Ramp.TotalSeconds, hold.Heartbeat));
        Assert.Equal((3, true), (((StormGroup)run.Settings.Groups[4]).Storms, ((StormGroup)run.Settings.Groups[4]).Reset));
        Assert.Equal((true, 1024), (((WebSocketGroup)run.Settings.Groups[5]).Push, ((WebSocketGroup)run.Settings.Groups[5]).Size));
        Assert.Equal(["example.com A", "example.org AAAA"], ((DohGroup)run.Settings.Groups[6]).Queries);
        Assert.Equal("localhost:7", ((TunnelGroup)run.Settings.Groups[7]).To);
        Assert.Equal([AbuseKind.RapidReset, AbuseKind.Slowloris], run.Settings.Groups.OfType<AbuseGroup>().Select(abuse => abuse.Kind));
    }

    [Fact]
    public async Task A_scenario_says_the_same_and_options_win()
    {
        var run = new FakeRun();
        string scenario = _folder.Write("evening.conf", """
            load {
              target = "https://127.0.0.1:8443/"
              duration = 1m
              groups {
                browse { mode = steady, clients = 64, protocol = h2, streams = 10, rate = 2000/s, paths = ["/", "/a"], headers { Accept = "text/html" } }
                idle { mode = hold, sessions = 100 }
              }
            }
            """);

        CommandRun command = await new CommandRun { LoadRun = run }.InvokeAsync("load", "--scenario", scenario, "-d", "5s");

        Assert.Equal("", command.Error);
        Assert.Equal(["browse", "idle"], run.Settings!.Groups.Select(group => group.Name));
        Assert.Equal(5, run.Settings.Duration.TotalSeconds);
        Assert.Equal(["/", "/a"], ((SteadyGroup)run.Settings.Groups[0]).Request.Paths);
    }

    [Theory]
    [InlineData("is missing: what is to be loaded", "load")]
    [InlineData("'ftp://localhost' is no https address", "load", "ftp://localhost")]
    [InlineData("0 is out of range; write a whole number from 1", "load", "https://localhost/", "-c", "0")]
    [InlineData("'fast' is no rate; write a number a second", "load", "https://localhost/", "-r", "fast")]
    [InlineData("h1, h2, h3", "load", "https://localhost/", "-p", "h4")]
    [InlineData("did you mean 'sessions'?", "load", "https://localhost/", "--hold", "session=10")]
    [InlineData("mode: is missing; write one of steady", "load", "--scenario", "NO-MODE")]
    [InlineData("kind: is missing; write one of slowloris", "load", "https://localhost/", "--abuse", "clients=10")]
    [InlineData("to: is missing", "load", "https://localhost/", "--tunnel", "clients=10")]
    [InlineData("queries: is missing", "load", "https://localhost/", "--doh", "clients=10")]
    [InlineData("there is no file", "load", "https://localhost/", "--ca-file", "/no/such/file.pem")]
    [InlineData("is no name of a header", "load", "https://localhost/", "-H", "no header: x")]
    [InlineData("is no path; write one that begins with a slash", "load", "https://localhost/", "--steady", "paths=index.html")]
    [InlineData("'p98' is no figure; write one of p50", "load", "https://localhost/", "--fail-if", "p98>1ms")]
    [InlineData("is no value of p99; write a time with its unit", "load", "https://localhost/", "--fail-if", "p99>50")]
    [InlineData("write a figure, < or >, and a value", "load", "https://localhost/", "--fail-if", "p99 is bad")]
    [InlineData("belongs to a certificate", "load", "https://localhost/", "--key", "/dev/null")]
    public async Task What_is_wrong_is_one_line_and_exit_code_2(string expected, params string[] arguments)
    {
        string noMode = _folder.Write("no-mode.conf", "load { target = localhost, groups { a { clients = 1, streams = 2 } } }");
        CommandRun command = await new CommandRun { LoadRun = new FakeRun() }.InvokeAsync([.. arguments.Select(argument => argument == "NO-MODE" ? noMode : argument)]);

        Assert.Contains(expected, Assert.Single(command.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadUsage, command.ExitCode);
    }

    [Fact]
    public async Task The_report_is_told_written_compared_and_judged()
    {
        string json = Path.Combine(_folder.Path, "report.json");
        string page = Path.Combine(_folder.Path, "report.html");
        CommandRun first = await new CommandRun { LoadRun = new FakeRun() }.InvokeAsync("load", "https://localhost/", "--json", json, "--html", page);
        CommandRun second = await new CommandRun { LoadRun = new FakeRun { Milliseconds = 20 } }.InvokeAsync(
            "load", "https://localhost/", "--compare", json, "--fail-if", "p99>15ms", "--fail-if", "errors<1", "--fail-if", "error-rate of steady>50%");

        Assert.Equal(ExitCode.Done, first.ExitCode);
        Assert.Contains("1,000/s", first.Output, StringComparison.Ordinal);
        Assert.Contains("http_status 503", first.Output, StringComparison.Ordinal);
        Assert.Contains("10.0 ms", first.Output, StringComparison.Ordinal);
        using JsonDocument report = JsonDocument.Parse(await File.ReadAllTextAsync(json));
        JsonElement totals = report.RootElement.GetProperty("groups")[0].GetProperty("totals");
        Assert.Equal(3_000, totals.GetProperty("succeeded").GetInt64());
        Assert.InRange(totals.GetProperty("latency_us").GetProperty("p99").GetInt64(), 9_990, 10_010);
        Assert.Contains("</html>", await File.ReadAllTextAsync(page), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, second.ExitCode);
        Assert.Equal(["actors443: failed: p99>15ms (steady)"], second.ErrorLines);
        Assert.Matches(@"p99 +10.0 ms +20.0 ms +2.00", second.Output);
    }

    [Fact]
    public async Task A_condition_nobody_measured_fails_rather_than_passes()
    {
        CommandRun command = await new CommandRun { LoadRun = new FakeRun() }.InvokeAsync("load", "https://localhost/", "--fail-if", "memory-per-session>20KiB");

        Assert.Equal(ExitCode.Failed, command.ExitCode);
        Assert.Contains("nothing of the kind was measured", command.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reports_that_cannot_be_read_or_written_are_named()
    {
        CommandRun unread = await new CommandRun { LoadRun = new FakeRun() }.InvokeAsync("load", "https://localhost/", "--compare", _folder.Write("old.json", "{ \"schema\": 99 }"));
        CommandRun unwritten = await new CommandRun { LoadRun = new FakeRun() }.InvokeAsync("load", "https://localhost/", "--json", "/no/such/folder/report.json");

        Assert.Equal((ExitCode.Failed, ExitCode.Failed), (unread.ExitCode, unwritten.ExitCode));
        Assert.Contains("old.json", Assert.Single(unread.ErrorLines), StringComparison.Ordinal);
        Assert.Contains("/no/such/folder/report.json cannot be written", unwritten.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Abuse_stays_on_loopback_unless_the_target_is_owned()
    {
        LoadSettings settings = new() { Target = new Uri("https://192.0.2.1/"), Groups = [new AbuseGroup { Name = "abuse", Kind = AbuseKind.Silent }] };

        LoadException refused = await Assert.ThrowsAsync<LoadException>(() => ClientTarget.ResolveAsync(settings, default));

        Assert.True(refused.IsBadUsage);
        Assert.Contains("--i-own-this-target", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(await ClientTarget.ResolveAsync(settings with { OwnTarget = true }, default));
        Assert.NotNull(await ClientTarget.ResolveAsync(settings with { Target = new Uri("https://127.0.0.7/") }, default));
    }

    private sealed class FakeRun : ILoadRun
    {
        public int Milliseconds { get; init; } = 10;

        public LoadSettings? Settings { get; private set; }

        public Task RunAsync(LoadSettings settings, Action<IntervalSample> sample, CancellationToken stop)
        {
            Settings = settings;
            for (int second = -1; second < 3; second++)
            {
                foreach (LoadGroup group in settings.Groups)
                {
                    var counted = new IntervalSample
                    {
                        Node = "n1",
                        Group = group.Name,
                        Start = TimeSpan.FromSeconds(second),
                        Length = TimeSpan.FromSeconds(1),
                        Succeeded = 1_000,
                        OpenSessions = group.Connections,
                        Latency = LoopRecorder.CreateHistogram(),
                    };
                    counted.Latency.RecordValueWithCount(Milliseconds * 1_000, 1_000);
                    counted.Errors[new LoadError(LoadErrorKind.HttpStatus, "503")] = 2;
                    sample(counted);
                }
            }

            return Task.CompletedTask;
        }
    }
}
