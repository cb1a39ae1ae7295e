using System.Net;
using System.Net.Http.Json;
using Actors443.Server.Admin;

namespace Actors443.IntegrationTests.Cli;

/// <summary>ETag and If-Match of the admin API.</summary>
public class PreconditionTests
{
    private static object Candidate => new { files = new[] { new { name = "/site.conf", text = "actors443.drain.deadline = 3s" } } };

    [Fact]
    public async Task The_configuration_is_changed_by_who_says_which_he_has_seen()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        string seen = (await admin.Authorized.GetAsync("/api/v1/configuration")).Headers.ETag!.ToString();

        Assert.Equal(428, await PutAsync(admin, null));
        Assert.Equal(412, await PutAsync(admin, "\"another\""));
        Assert.Equal(412, await PutAsync(admin, "W/" + seen));
        Assert.Equal(1, admin.Control.Configuration.Generation);
        Assert.Equal(200, await PutAsync(admin, seen));
        Assert.Equal(412, await PutAsync(admin, seen));
        Assert.Equal(200, await PutAsync(admin, "*"));
        Assert.Equal((3, $"token:{admin.Token.Id} from 127.0.0.1"), (admin.Control.Configuration.Generation, admin.Control.Configuration.By[..admin.Control.Configuration.By.LastIndexOf(':')]));
    }

    [Fact]
    public async Task One_who_changes_at_the_same_time_as_another_loses()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        string seen = (await admin.Authorized.GetAsync("/api/v1/configuration")).Headers.ETag!.ToString();

        int[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PutAsync(admin, seen)));

        Assert.Equal([200, .. Enumerable.Repeat(412, 7)], answers.Order());
        Assert.Equal(2, admin.Control.Configuration.Generation);
    }

    [Fact]
    public async Task A_refused_configuration_is_told_with_its_lines()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        using HttpResponseMessage answer = await admin.Authorized.PostAsJsonAsync("/api/v1/configuration/plan", new { files = new[] { new { name = "/site.conf", text = "actors443 {\n drain.deadlin = 3s\n}" } } });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        AdminError? error = await answer.Content.ReadFromJsonAsync<AdminError>(AdminJson.Options);
        Assert.StartsWith("/site.conf:2: ", Assert.Single(error!.Problems!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("""{"overrides": ["drain.deadline=1s"]}""")]
    public async Task What_is_no_candidate_is_told(string body)
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        using HttpResponseMessage answer = await admin.Authorized.PostAsync("/api/v1/configuration/plan", new StringContent(body));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("files", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task<int> PutAsync(AdminFixture admin, string? version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "/api/v1/configuration") { Content = JsonContent.Create(Candidate) };
        if (version is not null)
            request.Headers.TryAddWithoutValidation("If-Match", version);
        using HttpResponseMessage answer = await admin.Authorized.SendAsync(request);
        return (int)answer.StatusCode;
    }
}
