using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Admin.OpenApi;

/// <summary>The admin API as an OpenAPI 3.1 document, made of the routes themselves and of the types their answers are written from.</summary>
internal static class OpenApiDocument
{
    private const string Schemas = "#/components/schemas/";

    public static JsonObject Of(IEnumerable<RouteEndpoint> endpoints)
    {
        var schemas = new JsonObject { [nameof(AdminError)] = SchemaOf(typeof(AdminError)) };
        var paths = new JsonObject();
        foreach (RouteEndpoint endpoint in endpoints.OrderBy(endpoint => endpoint.RoutePattern.RawText, StringComparer.Ordinal))
        {
            if (endpoint.Metadata.GetMetadata<ApiOperation>() is not { } operation)
                continue;
            string path = endpoint.RoutePattern.RawText!;
            var methods = (JsonObject)(paths[path] ??= new JsonObject());
            foreach (string method in endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods)
                methods[method.ToLowerInvariant()] = Describe(operation, HttpMethods.IsGet(method), endpoint.Metadata.GetMetadata<ResourceVersion>() is not null, endpoint.RoutePattern.Parameters.Select(parameter => parameter.Name), schemas);
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Actors443 admin API", ["version"] = ServerVersion.Product },
            ["security"] = new JsonArray(new JsonObject { ["token"] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject { ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "The text of admin-token in the state directory." } },
                ["schemas"] = schemas,
            },
        };
    }

    private static JsonObject Describe(ApiOperation operation, bool isRead, bool hasVersions, IEnumerable<string> inPath, JsonObject schemas)
    {
        var done = new JsonObject { ["description"] = "Done" };
        if (hasVersions && (isRead || operation.NeedsIfMatch))
            done["headers"] = new JsonObject { ["ETag"] = new JsonObject { ["description"] = "The version of it", ["schema"] = new JsonObject { ["type"] = "string" } } };
        if (operation.Answer is { } answer)
            done["content"] = new JsonObject { [operation.ContentType] = new JsonObject { ["schema"] = ReferenceTo(answer, schemas) } };
        var parameters = new JsonArray([.. inPath.Select(name => Parameter("path", name, null)), .. operation.Query.Select(parameter => Parameter("query", parameter.Name, parameter.Meaning))]);
        var responses = new JsonObject { [operation.Status.ToString(CultureInfo.InvariantCulture)] = done };
        if (hasVersions && !isRead)
        {
            parameters.Add((JsonNode)Parameter("header", operation.NeedsIfMatch ? "If-Match!" : "If-Match", "The ETag of what is to be changed: if it has changed since, nothing is done"));
            responses["412"] = Failure("It has changed since, or is gone", schemas);
        }

        if (operation.NeedsIfMatch)
            responses["428"] = Failure("If-Match is missing", schemas);
        responses["default"] = Failure("Refused, or not possible", schemas);
        var described = new JsonObject { ["summary"] = operation.Summary, ["parameters"] = parameters };
        if (operation.Body is { } body)
            described["requestBody"] = new JsonObject { ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = ReferenceTo(body, schemas) } } };
        described["responses"] = responses;
        return described;
    }

    private static JsonObject Failure(string description, JsonObject schemas) => new()
    {
        ["description"] = description,
        ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = ReferenceTo(typeof(AdminError), schemas) } },
    };

    private static JsonObject Parameter(string place, string name, string? meaning)
    {
        var parameter = new JsonObject { ["name"] = name.TrimEnd('!'), ["in"] = place, ["required"] = place == "path" || name.EndsWith('!'), ["schema"] = new JsonObject { ["type"] = "string" } };
        if (meaning is not null)
            parameter["description"] = meaning;
        return parameter;
    }

    private static JsonObject ReferenceTo(Type type, JsonObject schemas)
    {
        if (type.IsArray)
            return new JsonObject { ["type"] = "array", ["items"] = ReferenceTo(type.GetElementType()!, schemas) };
        if (!schemas.ContainsKey(type.Name))
            schemas[type.Name] = SchemaOf(type);
        return new JsonObject { ["$ref"] = Schemas + type.Name };
    }

    private static JsonNode SchemaOf(Type type)
    {
        JsonNode schema = AdminJson.Options.GetJsonSchemaAsNode(type, new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
        MoveReferences(schema, Schemas + type.Name);
        LetNullsBeMissing(schema);
        return schema;
    }

    // What has no value is left out of answers.
    private static void LetNullsBeMissing(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject part:
                if (part["required"] is JsonArray required && part["properties"] is JsonObject properties)
                {
                    foreach (JsonNode? name in required.Where(name => properties[name!.GetValue<string>()]?["type"] is JsonArray types && types.Any(type => type!.GetValue<string>() == "null")).ToArray())
                        required.Remove(name);
                }

                foreach ((_, JsonNode? child) in part)
                    LetNullsBeMissing(child);
                break;
            case JsonArray parts:
                foreach (JsonNode? child in parts)
                    LetNullsBeMissing(child);
                break;
        }
    }

    // A schema's references to itself begin at its own root, which in the document is elsewhere.
    private static void MoveReferences(JsonNode? node, string root)
    {
        switch (node)
        {
            case JsonObject part:
                if (part["$ref"] is JsonValue reference && reference.GetValueKind() == JsonValueKind.String)
                    part["$ref"] = root + reference.GetValue<string>()[1..];
                foreach ((_, JsonNode? child) in part.ToArray())
                    MoveReferences(child, root);
                break;
            case JsonArray parts:
                foreach (JsonNode? child in parts)
                    MoveReferences(child, root);
                break;
        }
    }
}
