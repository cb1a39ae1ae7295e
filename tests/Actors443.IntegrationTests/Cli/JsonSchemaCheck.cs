using System.Text.Json;

namespace Actors443.IntegrationTests.Cli;

/// <summary>Whether JSON is as its schema says, as far as the admin API's schemas go (JSON Schema 2020-12): types, properties, required ones, items, enums and references. What the schema does not name is a problem, too.</summary>
internal sealed class JsonSchemaCheck(JsonElement document)
{
    public IEnumerable<string> ProblemsOf(JsonElement value, JsonElement schema, string place = "$")
    {
        if (schema.ValueKind == JsonValueKind.True)
            return [];
        if (schema.TryGetProperty("$ref", out JsonElement reference))
            return ProblemsOf(value, Follow(reference.GetString()!), place);
        if (schema.TryGetProperty("anyOf", out JsonElement any))
            return any.EnumerateArray().Any(one => !ProblemsOf(value, one, place).Any()) ? [] : [$"{place}: fits none of anyOf"];
        if (schema.TryGetProperty("type", out JsonElement type) && !(type.ValueKind == JsonValueKind.Array ? type.EnumerateArray() : Enumerable.Repeat(type, 1)).Any(one => Is(value, one.GetString()!)))
            return [$"{place}: {value.ValueKind} is not {type}"];
        if (schema.TryGetProperty("enum", out JsonElement names) && !names.EnumerateArray().Any(name => name.ToString() == value.ToString()))
            return [$"{place}: {value} is none of {names}"];
        return value.ValueKind switch
        {
            JsonValueKind.Object => ProblemsOfObject(value, schema, place),
            JsonValueKind.Array when schema.TryGetProperty("items", out JsonElement items) => value.EnumerateArray().SelectMany((item, index) => ProblemsOf(item, items, $"{place}[{index}]")),
            _ => [],
        };
    }

    private IEnumerable<string> ProblemsOfObject(JsonElement value, JsonElement schema, string place)
    {
        if (schema.TryGetProperty("required", out JsonElement required))
        {
            foreach (JsonElement name in required.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)))
                yield return $"{place}: {name} is missing";
        }

        foreach (JsonProperty property in value.EnumerateObject())
        {
            JsonElement part = default;
            if (!(schema.TryGetProperty("properties", out JsonElement properties) && properties.TryGetProperty(property.Name, out part)) && !schema.TryGetProperty("additionalProperties", out part))
            {
                yield return $"{place}: {property.Name} is not described";
                continue;
            }

            foreach (string problem in ProblemsOf(property.Value, part, $"{place}.{property.Name}"))
                yield return problem;
        }
    }

    private JsonElement Follow(string reference)
    {
        JsonElement place = document;
        foreach (string step in reference.Split('/')[1..])
            place = place.ValueKind == JsonValueKind.Array ? place[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)] : place.GetProperty(step);
        return place;
    }

    private static bool Is(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No such type."),
    };
}
