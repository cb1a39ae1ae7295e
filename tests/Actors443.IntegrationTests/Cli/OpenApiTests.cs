using System.Text.Json;

namespace Actors443.IntegrationTests.Cli;

/// <summary><c>/api/v1/openapi.json</c>.</summary>
public class OpenApiTests
{
    [Fact]
    public async Task It_describes_every_request_with_what_is_asked_and_answered()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        using JsonDocument document = JsonDocument.Parse(await admin.Authorized.GetStringAsync("/api/v1/openapi.json"));
        JsonElement paths = document.RootElement.GetProperty("paths");

        Assert.Equal("3.1.0", document.RootElement.GetProperty("openapi").GetString());
        Assert.Equal(
            [
                "get /api/v1/actors", "get /api/v1/admission", "get /api/v1/certificates", "get /api/v1/certificates/{name}/story", "get /api/v1/cluster", "get /api/v1/cluster/configuration", "get /api/v1/configuration", "get /api/v1/connections",
                "get /api/v1/connections/{id}",
                "get /api/v1/events", "get /api/v1/history", "get /api/v1/openapi.json", "get /api/v1/revoked", "get /api/v1/sites", "get /api/v1/status", "get /api/v1/tunnels", "get /api/v1/tunnels/{id}",
                "delete /api/v1/connections/{id}", "delete /api/v1/revoked", "delete /api/v1/tunnels/{id}",
                "post /api/v1/certificates/{name}/renew", "post /api/v1/configuration/plan", "post /api/v1/connections/close", "post /api/v1/connections/drain", "post /api/v1/connections/push", "post /api/v1/drain", "post /api/v1/revoked", "post /api/v1/upgrade",
                "put /api/v1/cluster/configuration", "put /api/v1/configuration",
            ],
            paths.EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name} {path.Name}"))
                .OrderBy(operation => operation[..2] switch { "ge" => 0, "de" => 1, "po" => 2, _ => 3 }).ThenBy(operation => operation, StringComparer.Ordinal));
        JsonElement close = paths.GetProperty("/api/v1/connections/close").GetProperty("post");
        JsonElement where = Assert.Single(close.GetProperty("parameters").EnumerateArray());
        Assert.Equal(("where", "query", true), (where.GetProperty("name").GetString(), where.GetProperty("in").GetString(), where.GetProperty("required").GetBoolean()));
        Assert.Equal("#/components/schemas/ConnectionsActedOn", close.GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString());
        Assert.True(paths.GetProperty("/api/v1/connections/{id}").GetProperty("delete").GetProperty("responses").TryGetProperty("204", out _));
        Assert.Equal("integer", document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("ServerStatus").GetProperty("properties").GetProperty("connections").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Every_reference_in_it_leads_somewhere()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        using JsonDocument document = JsonDocument.Parse(await admin.Authorized.GetStringAsync("/api/v1/openapi.json"));
        string[] references = [.. ReferencesIn(document.RootElement).Distinct()];

        Assert.Contains("#/components/schemas/ActorReport", references);
        Assert.All(references, reference => Assert.True(Follow(document.RootElement, reference), reference));
    }

    private static IEnumerable<string> ReferencesIn(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => property is { Name: "$ref", Value.ValueKind: JsonValueKind.String } ? [property.Value.GetString()!] : ReferencesIn(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(ReferencesIn),
        _ => [],
    };

    private static bool Follow(JsonElement place, string reference)
    {
        foreach (string step in reference.Split('/')[1..])
        {
            if (place.ValueKind == JsonValueKind.Array ? int.Parse(step, System.Globalization.CultureInfo.InvariantCulture) >= place.GetArrayLength() : !place.TryGetProperty(step, out _))
                return false;
            place = place.ValueKind == JsonValueKind.Array ? place[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)] : place.GetProperty(step);
        }

        return true;
    }
}
