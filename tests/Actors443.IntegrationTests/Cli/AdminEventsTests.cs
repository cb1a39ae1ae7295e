using System.Net;
using System.Text.Json;
using Actors443.Server.Cli;

namespace Actors443.IntegrationTests.Cli;

/// <summary><c>/api/v1/events</c> and the files of the dashboard, from a real admin server.</summary>
public class AdminEventsTests
{
    [Fact]
    public async Task The_first_event_has_the_whole_server()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Connections.Add(FakeServerControl.Connection("c-1"));

        JsonElement snapshot = await FirstEventAsync(admin);

        Assert.Equal(1, snapshot.GetProperty("status").GetProperty("connections").GetInt32());
        Assert.Equal("cpu 99% (limit 97%)", snapshot.GetProperty("admission").GetProperty("reasons")[0].GetString());
        Assert.Equal("listeners", snapshot.GetProperty("actors").GetProperty("actors")[0].GetProperty("name").GetString());
        Assert.Equal("healthy", snapshot.GetProperty("sites").GetProperty("sites")[0].GetProperty("routes")[0].GetProperty("upstreams")[0].GetProperty("health").GetString());
        Assert.Equal("live.example", snapshot.GetProperty("certificates").GetProperty("first")[0].GetProperty("names")[0].GetString());
        Assert.Equal((0, 0), (snapshot.GetProperty("tunnels").GetProperty("total").GetInt32(), snapshot.GetProperty("nodes").GetArrayLength()));
        Assert.True(snapshot.GetProperty("traffic").GetProperty("countedSeconds").GetDouble() >= 0);
    }

    [Fact]
    public async Task What_does_not_answer_is_left_out_and_the_rest_is_told()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.SlowFacts = new TaskCompletionSource().Task;

        JsonElement snapshot = await FirstEventAsync(admin);

        Assert.Equal("1.2.3", snapshot.GetProperty("status").GetProperty("version").GetString());
        Assert.False(snapshot.TryGetProperty("admission", out _));
    }

    [Fact]
    public async Task Who_listens_does_not_hold_up_the_end_of_the_server()
    {
        AdminFixture admin = await AdminFixture.StartAsync();
        using HttpResponseMessage listening = await admin.Authorized.GetAsync("/api/v1/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await listening.Content.ReadAsStreamAsync());
        Assert.StartsWith("data: {", await reader.ReadLineAsync(), StringComparison.Ordinal);

        await admin.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/dashboard.css", "text/css")]
    [InlineData("/dashboard.js", "text/javascript")]
    [InlineData("/favicon.svg", "image/svg+xml")]
    public async Task The_page_needs_no_token_and_forbids_what_it_does_not_need(string path, string type)
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        using HttpResponseMessage answer = await admin.Anonymous.GetAsync(path);
        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
        using HttpResponseMessage unchanged = await admin.Anonymous.SendAsync(again);

        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
        Assert.EndsWith("require-trusted-types-for 'script'; trusted-types 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("DENY", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
        Assert.DoesNotContain(admin.Token.Text, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_has_no_script_or_style_of_its_own_and_loads_nothing_from_elsewhere()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        string page = await admin.Anonymous.GetStringAsync("/");
        string script = await admin.Anonymous.GetStringAsync("/dashboard.js");

        Assert.DoesNotContain("style=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<style", page, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?i)\\son[a-z]+=", page);
        Assert.DoesNotContain("://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("://", script, StringComparison.Ordinal);
        Assert.DoesNotContain("innerHTML", script, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_prints_the_link_if_the_server_takes_the_token()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        (int code, string output, string error) = await AdminClientTests.RunAsync(admin.Settings, "dashboard");

        Assert.Equal((ExitCode.Done, $"http://{admin.EndPoint}/#token={admin.Token.Text}\n", ""), (code, output, error));

        await File.WriteAllTextAsync(admin.Token.Path, new string('x', 43));
        (code, output, error) = await AdminClientTests.RunAsync(admin.Settings, "dashboard");

        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.Contains("does not accept the token", error, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> FirstEventAsync(AdminFixture admin)
    {
        using HttpResponseMessage answer = await admin.Authorized.GetAsync("/api/v1/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        string line = await reader.ReadLineAsync() ?? "";
        Assert.StartsWith("data: ", line, StringComparison.Ordinal);
        using JsonDocument record = JsonDocument.Parse(line["data: ".Length..]);
        return record.RootElement.Clone();
    }
}
