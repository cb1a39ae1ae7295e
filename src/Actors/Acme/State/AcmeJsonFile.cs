using System.Text.Json;
using System.Text.Json.Serialization;
using Actors443.Certificates;

namespace Actors443.Acme.State;

/// <summary>State as JSON for the owner alone, whole or not there. Stateless.</summary>
internal static class AcmeJsonFile
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    public static void Write<T>(string path, T value)
    {
        PrivateFile.MakeFolder(Path.GetDirectoryName(path)!);
        PrivateFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(value, Options));
    }

    /// <summary>What a file of this content says; null: it cannot be used.</summary>
    public static T? Parse<T>(ReadOnlySpan<byte> json)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options);
        }
        catch (Exception cause) when (cause is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Null: it is not there, or cannot be used; then <paramref name="problem"/> says why.</summary>
    public static T? Read<T>(string path, out string? problem)
        where T : class
    {
        problem = null;
        try
        {
            T? value = JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Options);
            problem = value is null ? $"{path}: is empty" : null;
            return value;
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception cause) when (cause is JsonException or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            problem = $"{path}: cannot be used ({cause.Message})";
            return null;
        }
    }
}
