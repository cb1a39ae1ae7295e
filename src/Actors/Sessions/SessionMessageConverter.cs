using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors443.Sessions;

/// <summary>What is in a <see cref="SessionEnvelope"/> as JSON, under a name of its own. Stateless.</summary>
internal sealed class SessionMessageConverter : JsonConverter<object>
{
    public override object? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => JsonSerializer.Deserialize<ISessionMessage>(ref reader, options);

    public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value as ISessionMessage ?? throw new JsonException($"{value.GetType()} is no message to a session."), options);
}
