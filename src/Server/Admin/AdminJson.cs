using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors443.Server.Admin;

/// <summary>How the admin API and <c>--json</c> write: camelCase, enums in kebab-case, addresses as text, unknown values left out.</summary>
internal static class AdminJson
{
    public static JsonSerializerOptions Options { get; } = Create(indented: false);

    /// <summary>For <c>--json</c>, which people read too.</summary>
    public static JsonSerializerOptions Indented { get; } = Create(indented: true);

    /// <summary>An answer of the admin API.</summary>
    public static Task WriteAsync<T>(HttpContext context, T answer) => context.Response.WriteAsJsonAsync(answer, Options, context.RequestAborted);

    private static JsonSerializerOptions Create(bool indented)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            NumberHandling = JsonNumberHandling.Strict,
            WriteIndented = indented,
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false));
        options.Converters.Add(new EndPointConverter());
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private sealed class EndPointConverter : JsonConverter<IPEndPoint>
    {
        public override IPEndPoint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            IPEndPoint.TryParse(reader.GetString() ?? "", out IPEndPoint? endPoint) ? endPoint : throw new JsonException("not an address and port");

        public override void Write(Utf8JsonWriter writer, IPEndPoint value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
