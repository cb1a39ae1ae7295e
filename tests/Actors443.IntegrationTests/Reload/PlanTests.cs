using System.Text.Json;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Reload;

/// <summary><c>actors443 plan</c> and <c>actors443 apply</c> against a server with live connections.</summary>
public sealed class PlanTests : IAsyncLifetime
{
    private const string Before = """
        actors443 {
          sites { "a.test" = { respond = "a" }, "b.test" = { respond = "b" }, "d.test" = { respond = "d" } }
          admission.per-client { exempt = [], connections = 100 }
        }
        """;

    private ConfigurationFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await ConfigurationFixture.StartAsync(Before);

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task What_runs_is_no_change()
    {
        (int code, string output, string error) = await _fixture.RunAsync("plan", _fixture.Write(Before));

        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("no changes", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_says_in_numbers_what_applying_does_and_applying_does_that()
    {
        await using TlsClient first = await HoldAsync("a.test");
        await using TlsClient second = await HoldAsync("a.test");
        await using TlsClient other = await HoldAsync("b.test");
        await using TlsClient untouched = await HoldAsync("d.test");
        string wanted = _fixture.Write("""
            actors443 {
              sites { "b.test" = { respond = "B" }, "c.test" = { respond = "c" }, "d.test" = { respond = "d" } }
              admission { per-client { exempt = [], connections = 1 }, maximum-connections = 50 }
              deadlines.age = 1h
              event-loop.loops = 1
              https.backlog = 77
            }
            """);

        (int code, JsonElement plan, string error) = await _fixture.JsonAsync("plan", wanted);

        Assert.Equal((2, ""), (code, error));
        Assert.Equal((4, 2), (plan.GetProperty("connections").GetInt32(), plan.GetProperty("drained").GetInt32()));
        Assert.Equal(
            ["a.test removed 2 2", "b.test changed 1 0", "c.test added 0 0"],
            plan.GetProperty("sites").EnumerateArray().Select(site => $"{site.GetProperty("name")} {site.GetProperty("change")} {site.GetProperty("connections")} {site.GetProperty("drained")}"));
        Assert.Equal(["routes"], plan.GetProperty("sites")[1].GetProperty("what").EnumerateArray().Select(what => what.GetString()));
        Assert.Equal(
            ["actors443.admission.maximum-connections 0", "actors443.admission.per-client.connections 3", "actors443.deadlines.age 0"],
            plan.GetProperty("limits").EnumerateArray().Select(limit => $"{limit.GetProperty("key")} {limit.GetProperty("exceeding")}").Order());
        JsonElement listener = Assert.Single(plan.GetProperty("listeners").EnumerateArray());
        Assert.Equal(("changed", 4), (listener.GetProperty("change").GetString(), listener.GetProperty("connections").GetInt32()));
        Assert.Equal(["actors443.event-loop.loops", "actors443.https.backlog"], plan.GetProperty("restartKeys").EnumerateArray().Select(key => key.GetString()));
        Assert.Equal(["a.test removed", "c.test added"], plan.GetProperty("certificates").EnumerateArray().Select(certificate => $"{certificate.GetProperty("names")[0]} {certificate.GetProperty("change")}"));
        Assert.Equal("a", await AnswerAsync(first, "a.test"));

        string id = plan.GetProperty("plan").GetString()!;
        (code, JsonElement applied, error) = await _fixture.JsonAsync("apply", wanted, "--plan", id);

        Assert.Equal(0, code);
        Assert.Equal((true, 2, 2), (applied.GetProperty("changed").GetBoolean(), applied.GetProperty("running").GetProperty("generation").GetInt32(), applied.GetProperty("drained").GetInt32()));
        Assert.Equal("B", await AnswerAsync(other, "b.test"));
        Assert.Equal("d", await AnswerAsync(untouched, "d.test"));
        await Eventually.HoldsAsync(async () => (await _fixture.Server.ConnectionStatesAsync()).Count == 2, "those of the site that is gone have ended");

        (code, _, error) = await _fixture.RunAsync("apply", wanted, "--plan", id);
        Assert.Equal(1, code);
        Assert.Contains("412", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_file_than_the_one_planned_is_not_applied()
    {
        (_, JsonElement plan, _) = await _fixture.JsonAsync("plan", _fixture.Write("""actors443.sites."a.test" { respond = "1" }"""));

        (int code, _, string error) = await _fixture.RunAsync("apply", _fixture.Write("""actors443.sites."a.test" { respond = "2" }"""), "--plan", plan.GetProperty("plan").GetString()!);

        Assert.Equal(1, code);
        Assert.Contains("not the configuration that was planned", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_ends_than_allowed_are_not_applied()
    {
        await using TlsClient client = await HoldAsync("a.test");
        string without = _fixture.Write("""actors443.sites."b.test" { respond = "b" }""");

        (int code, _, string error) = await _fixture.RunAsync("apply", without, "--at-most", "0");

        Assert.Equal(1, code);
        Assert.Contains("1 connections and 0 tunnels would end", error, StringComparison.Ordinal);
        Assert.Equal("a", await AnswerAsync(client, "a.test"));
    }

    [Theory]
    [InlineData("plan", 1)]
    [InlineData("apply", 2)]
    public async Task A_bad_file_is_refused_with_its_line(string command, int expected)
    {
        (int code, _, string error) = await _fixture.RunAsync(command, _fixture.Write("actors443 {\n deadlines.idel = 5s\n}"));

        Assert.Equal(expected, code);
        Assert.Contains(":2: ", error, StringComparison.Ordinal);
        Assert.Contains("idle", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plan", 1)]
    [InlineData("apply", 2)]
    public async Task What_the_server_alone_can_find_out_is_refused_by_name_and_nothing_is_changed(string command, int expected)
    {
        string garbage = _fixture.Write("no certificate");

        (int code, _, string error) = await _fixture.RunAsync(
            command, _fixture.Write($$"""actors443 { sites."a.test" { respond = "changed" }, https.client-certificates { mode = optional, ca = "{{garbage}}" } }"""));

        Assert.Equal(expected, code);
        Assert.Contains(garbage, error, StringComparison.Ordinal);
        await using TlsClient client = await HoldAsync("a.test");
        Assert.Equal("a", await AnswerAsync(client, "a.test"));
    }

    [Theory]
    [InlineData("plan", "--plan", "x", 1, "--plan")]
    [InlineData("apply", "--plan", "x", 2, "is no plan")]
    [InlineData("apply", "--at-most", "many", 2, "not a number")]
    public async Task A_bad_option_is_told_with_the_exit_code_of_its_command(string command, string option, string value, int expected, string told)
    {
        (int code, _, string error) = await _fixture.RunAsync(command, _fixture.Write(Before), option, value);

        Assert.Equal(expected, code);
        Assert.Contains(told, error, StringComparison.Ordinal);
    }

    private async Task<TlsClient> HoldAsync(string site)
    {
        TlsClient client = await TlsClient.ConnectAsync(_fixture.Server.HttpsPort, site);
        await AnswerAsync(client, site);
        return client;
    }

    private static async Task<string> AnswerAsync(TlsClient client, string site) => (await client.GetAsync("/", site)).Body;
}
