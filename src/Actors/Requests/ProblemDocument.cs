using System.Buffers;
using System.Text.Json;

namespace Actors443.Requests;

/// <summary>Problem documents (RFC 9457) of the type <c>about:blank</c>: what there is to say is said by status, title and detail.</summary>
internal static class ProblemDocument
{
    public const string ContentType = "application/problem+json";

    public static byte[] Write(int status, string title, string? detail)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("title", title);
        json.WriteNumber("status", status);
        if (detail is not null)
            json.WriteString("detail", detail);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
