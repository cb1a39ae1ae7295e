using System.Net.Http.Json;
using Actors443.Cluster.Generations;
using Actors443.Server.Admin;

namespace Actors443.IntegrationTests.Cli;

/// <summary>What the admin API makes of what the nodes of a cluster have decided.</summary>
public sealed class ClusterConfigurationApiTests
{
    private const string Path = "/api/v1/cluster/configuration";

    [Theory]
    [InlineData(PushOutcome.Applied, 200)]
    [InlineData(PushOutcome.Unchanged, 200)]
    [InlineData(PushOutcome.Refused, 422)]
    [InlineData(PushOutcome.Superseded, 412)]
    [InlineData(PushOutcome.Busy, 409)]
    public async Task Each_outcome_has_its_answer(object outcome, int status)
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Pushed = new ConfigurationPushed { Outcome = (PushOutcome)outcome, Generation = 4, Nodes = ["a:1"], Problems = [new("b:2", "all.conf:3: actors443.sites: is bad")] };

        using HttpResponseMessage answer = await PutAsync(admin, new { files = new[] { new { name = "/all.conf", text = "" } } });

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains("b:2: all.conf:3: actors443.sites: is bad", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Null(admin.Control.Replaced);
    }

    [Fact]
    public async Task Who_says_what_he_has_seen_replaces_that_alone()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Generation = new GenerationState(new ConfigurationGeneration { Number = 6, Files = [new("/all.conf", "")], By = "token:1" }, null, true);
        admin.Control.Pushed = new ConfigurationPushed { Outcome = PushOutcome.Applied, Generation = 7 };
        using HttpResponseMessage read = await admin.Authorized.GetAsync(Path);
        ClusterConfigurationReport? report = await read.Content.ReadFromJsonAsync<ClusterConfigurationReport>(AdminJson.Options);
        Assert.Equal((6, "token:1", "/all.conf"), (report!.Generation, report.By, Assert.Single(report.Files)));

        using HttpResponseMessage stale = await PutAsync(admin, new { files = new[] { new { name = "/all.conf", text = "" } } }, "\"5-0000000000000000\"");
        Assert.Equal(412, (int)stale.StatusCode);
        using HttpResponseMessage answer = await PutAsync(admin, new { files = new[] { new { name = "/all.conf", text = "" } } }, read.Headers.ETag!.ToString());
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(6, admin.Control.Replaced);
    }

    [Fact]
    public async Task What_cannot_be_pushed_is_said()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        using HttpResponseMessage nothing = await PutAsync(admin, new { });
        Assert.Equal(400, (int)nothing.StatusCode);
        Assert.Contains("send the files", await nothing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using HttpResponseMessage alone = await PutAsync(admin, new { files = new[] { new { name = "/all.conf", text = "" } } });
        Assert.Equal(409, (int)alone.StatusCode);
        Assert.Contains("in no cluster", await alone.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> PutAsync(AdminFixture admin, object body, string? version = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, Path) { Content = JsonContent.Create(body) };
        if (version is not null)
            request.Headers.TryAddWithoutValidation("If-Match", version);
        return await admin.Authorized.SendAsync(request);
    }
}
