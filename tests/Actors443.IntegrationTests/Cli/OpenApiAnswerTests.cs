using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Cli;

/// <summary>What a running server answers is what its OpenAPI document says.</summary>
public class OpenApiAnswerTests
{
    [Fact]
    public async Task Every_answer_is_as_described()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("""
            actors443 {
              sites { localhost { routes = [ { path = "/up/*", proxy = "http://127.0.0.1:1" }, { path = "/*", respond = "hello" } ] } }
              routes = [ { name = led, sni = ["led.test"], to = "127.0.0.1:1" } ]
            }
            """);
        await using TlsClient held = await TlsClient.ConnectAsync(server.HttpsPort);
        await held.GetAsync();
        using var admin = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.AdminPort}") };
        admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(server.StateDirectory, "admin-token"))).Trim());
        using JsonDocument document = JsonDocument.Parse(await admin.GetStringAsync("/api/v1/openapi.json"));
        var check = new JsonSchemaCheck(document.RootElement);
        string connection = JsonDocument.Parse(await admin.GetStringAsync("/api/v1/connections")).RootElement.GetProperty("connections")[0].GetProperty("id").GetString()!;
        object candidate = new { files = new[] { new { name = "/site.conf", text = "actors443 { sites { localhost { respond = \"x\" }, \"new.test\" { respond = \"y\" } }, admission.maximum-connections = 10 }" } } };

        foreach (JsonProperty path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            foreach (JsonProperty operation in path.Value.EnumerateObject().Where(operation => operation.Name == "get" || path.Name.Contains("/configuration", StringComparison.Ordinal)))
            {
                if (path.Name.EndsWith("/events", StringComparison.Ordinal))
                    continue;
                string address = path.Name.Replace("/connections/{id}", "/connections/" + connection, StringComparison.Ordinal).Replace("{name}", "nobody.test", StringComparison.Ordinal).Replace("{id}", "nothing", StringComparison.Ordinal);
                using var request = new HttpRequestMessage(new HttpMethod(operation.Name.ToUpperInvariant()), address);
                if (operation.Value.TryGetProperty("requestBody", out _))
                    request.Content = JsonContent.Create(candidate);
                if (operation.Name == "put")
                    request.Headers.TryAddWithoutValidation("If-Match", "*");
                using HttpResponseMessage answer = await admin.SendAsync(request);
                string status = ((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
                JsonElement responses = operation.Value.GetProperty("responses");
                bool isDescribed = responses.TryGetProperty(status, out JsonElement described);
                // This server is in no cluster.
                bool isThere = address == path.Name && !(operation.Name == "put" && address.Contains("/cluster/", StringComparison.Ordinal));
                Assert.True(isDescribed || !isThere, $"{operation.Name} {address}: {status}");
                if (!isDescribed)
                    described = responses.GetProperty("default");
                if (!described.TryGetProperty("content", out JsonElement content))
                    continue;
                using JsonDocument body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
                Assert.Empty(check.ProblemsOf(body.RootElement, content.GetProperty("application/json").GetProperty("schema")).Select(problem => $"{operation.Name} {address}: {problem}"));
                Assert.Equal(described.TryGetProperty("headers", out _), answer.Headers.ETag is not null);
            }
        }
    }

    [Fact]
    public async Task A_change_that_needs_if_match_says_so()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        using JsonDocument document = JsonDocument.Parse(await admin.Authorized.GetStringAsync("/api/v1/openapi.json"));
        JsonElement put = document.RootElement.GetProperty("paths").GetProperty("/api/v1/configuration").GetProperty("put");

        JsonElement header = put.GetProperty("parameters").EnumerateArray().Single(parameter => parameter.GetProperty("in").GetString() == "header");
        Assert.Equal(("If-Match", true), (header.GetProperty("name").GetString(), header.GetProperty("required").GetBoolean()));
        Assert.True(put.GetProperty("responses").TryGetProperty("428", out _));
        Assert.True(put.GetProperty("responses").TryGetProperty("412", out _));
        Assert.Equal("#/components/schemas/ConfigurationCandidate", put.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString());
    }
}
