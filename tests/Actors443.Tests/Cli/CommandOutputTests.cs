using System.Text.Json;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Server.Cli;
using Actors443.Server.Configuration;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Cli;

public class CommandOutputTests
{
    private const char Escape = '\x1b';

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Without an admin server the files alone are looked at.
    private static readonly LoadedSettings WithoutAdmin = new(new ServerSettings { Admin = new AdminSettings { Enabled = false } }, [], []);

    [Fact]
    public async Task Check_says_ok_and_what_would_be_served()
    {
        CommandRun run = await new CommandRun { Certificates = new CertificateCheck([], [], ["localhost"]) }.InvokeAsync("check");

        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("ok: 0 sites on [::]:443", run.Output, StringComparison.Ordinal);
        Assert.Contains("the local CA for localhost", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_refuses_bad_certificates_with_exit_code_2()
    {
        CommandRun run = await new CommandRun { Certificates = new CertificateCheck([], ["site.pem: the key does not match"], []) }.InvokeAsync("check");

        Assert.Equal(2, run.ExitCode);
        Assert.Equal(["site.pem: the key does not match"], run.ErrorLines);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Check_hints_at_a_library_that_HTTP3_needs_and_demands_it_if_the_settings_do()
    {
        var demands = new LoadedSettings(new ServerSettings { Core = new Actors443Settings { Https = new HttpsSettings { Http3 = Http3Mode.On } } }, [], []);

        CommandRun hinted = await new CommandRun { MissingQuic = "QUIC needs libmsquic" }.InvokeAsync("check");
        CommandRun refused = await new CommandRun { Settings = demands, MissingQuic = "QUIC needs libmsquic" }.InvokeAsync("check");
        CommandRun silent = await new CommandRun().InvokeAsync("check");

        Assert.Equal(0, hinted.ExitCode);
        Assert.EndsWith("hint: no HTTP/3 here: QUIC needs libmsquic\n", hinted.Output, StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
        Assert.Equal(["https.http3 = on: QUIC needs libmsquic"], refused.ErrorLines);
        Assert.DoesNotContain("hint", silent.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_lets_warnings_pass_and_says_them()
    {
        var warned = new LoadedSettings(new ServerSettings(), [CommandRun.Problem("odd") with { Severity = SettingsSeverity.Warning }], []);

        CommandRun run = await new CommandRun { Settings = warned }.InvokeAsync("check");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("odd", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_writes_its_problems_as_json_on_standard_output()
    {
        var bad = new LoadedSettings(null, [CommandRun.Problem("not an address")], []);

        CommandRun run = await new CommandRun { Settings = bad }.InvokeAsync("check", "--json");

        Assert.Equal(2, run.ExitCode);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.False(json.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal("site.conf:3: actors443.https.bind: not an address", json.RootElement.GetProperty("problems")[0].GetString());
    }

    [Fact]
    public async Task Certs_lists_what_expires_first_in_plain_lines_when_piped()
    {
        CommandRun run = await CertsAsync(isTerminal: false, colour: false, "certs");

        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("NAMES", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("soon.example www.soon.example", lines[1], StringComparison.Ordinal);
        Assert.Contains("5d 0h", lines[1], StringComparison.Ordinal);
        Assert.StartsWith(new string('a', 300), lines[2], StringComparison.Ordinal);
        Assert.DoesNotContain(Escape, run.Output);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Colour_is_for_terminals_and_only_where_it_is_wanted(bool colour)
    {
        CommandRun run = await CertsAsync(isTerminal: true, colour, "certs");

        Assert.Equal(colour, run.Output.Contains(Escape));
        Assert.Contains("soon.example", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(160, true)]
    [InlineData(60, false)]
    public async Task A_terminal_too_narrow_for_the_table_gets_plain_lines_with_everything_in_them(int width, bool hasLines)
    {
        CommandRun run = await new CommandRun
        {
            IsTerminal = true,
            Width = width,
            Settings = WithoutAdmin,
            Time = new FakeTimeProvider(Now),
            Certificates = new CertificateCheck([Certificate(5, "soon.example", "www.soon.example")], [], []),
        }.InvokeAsync("certs");

        Assert.Equal(hasLines, run.Output.Contains('─', StringComparison.Ordinal));
        foreach (string part in (string[])["soon.example www.soon.example", "2026-01-06 00:00Z", "ECDSA P-256", "Some CA", "/certs/site.pem"])
            Assert.Contains(part, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certs_can_leave_only_those_that_expire_soon()
    {
        CommandRun soon = await CertsAsync(isTerminal: false, colour: false, "certs", "--expiring", "7d", "--json");
        CommandRun none = await CertsAsync(isTerminal: false, colour: false, "certs", "--expiring", "1h");

        using JsonDocument json = JsonDocument.Parse(soon.Output);
        Assert.False(json.RootElement.GetProperty("live").GetBoolean());
        JsonElement only = Assert.Single(json.RootElement.GetProperty("certificates").EnumerateArray());
        Assert.Equal("soon.example", only.GetProperty("names")[0].GetString());
        Assert.Equal("none of 2 expires within 1h 0m\n", none.Output);
    }

    [Fact]
    public async Task Trust_shows_the_root_and_changes_nothing_unasked()
    {
        var trust = new FakeTrust([]);

        CommandRun run = await new CommandRun { Trust = trust }.InvokeAsync("trust");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("/state/local-ca/root.crt", run.Output, StringComparison.Ordinal);
        Assert.Contains("AB12", run.Output, StringComparison.Ordinal);
        Assert.Equal((0, 0), (trust.Installed, trust.Uninstalled));
    }

    [Fact]
    public async Task Trust_fails_when_one_store_fails_or_none_is_found()
    {
        CommandRun refused = await new CommandRun { Trust = new FakeTrust([new TrustOutcome("system", false, "not permitted"), new TrustOutcome("Chromium", true, "added")]) }.InvokeAsync("trust", "--install");
        CommandRun nothing = await new CommandRun().InvokeAsync("trust", "--install");
        CommandRun removed = await new CommandRun { Trust = new FakeTrust([new TrustOutcome("system", true, "removed")]) }.InvokeAsync("trust", "--uninstall");

        Assert.Equal((1, "system: not permitted\n", "Chromium: added\n"), (refused.ExitCode, refused.Error, refused.Output));
        Assert.Equal(1, nothing.ExitCode);
        Assert.Contains("no trust store", nothing.Error, StringComparison.Ordinal);
        Assert.Equal((0, "system: removed\n"), (removed.ExitCode, removed.Output));
    }

    [Theory]
    [InlineData("version")]
    [InlineData("trust")]
    [InlineData("check")]
    public async Task What_json_writes_is_one_json_object(string command)
    {
        CommandRun run = await new CommandRun().InvokeAsync(command, "--json");

        Assert.Equal(0, run.ExitCode);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.Equal(JsonValueKind.Object, json.RootElement.ValueKind);
        Assert.DoesNotContain(Escape, run.Output);
    }

    [Fact]
    public async Task Version_names_the_runtime_the_engine_and_the_tls_library()
    {
        CommandRun run = await new CommandRun { IsTerminal = true, Colour = true }.InvokeAsync("version");

        foreach (string part in (string[])["actors443 ", ".NET 10", "portable", "QUIC"])
            Assert.Contains(part, run.Output, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
            Assert.Matches(@"OpenSSL 3\.\d+\.\d+", run.Output);
    }

    private static Task<CommandRun> CertsAsync(bool isTerminal, bool colour, params string[] arguments) => new CommandRun
    {
        IsTerminal = isTerminal,
        Colour = colour,
        Settings = WithoutAdmin,
        Time = new FakeTimeProvider(Now),
        Certificates = new CertificateCheck([Certificate(90, new string('a', 300)), Certificate(5, "soon.example", "www.soon.example")], [], []),
    }.InvokeAsync(arguments);

    private static CertificateInfo Certificate(int days, params string[] names) => new()
    {
        Names = names,
        Key = "ECDSA P-256",
        Issuer = "Some CA",
        NotBefore = Now.AddDays(-1),
        NotAfter = Now.AddDays(days),
        Source = "/certs/site.pem",
        Fingerprint = "00",
    };
}
