using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Akka.Actor;
using Microsoft.Extensions.Primitives;

namespace Actors443.Requests;

/// <summary>The whole answer to an <see cref="ActorRequest"/>. Immutable; one instance may answer any number of requests.</summary>
/// <param name="Status">The status code, 200 to 599.</param>
public sealed record ActorReply(int Status = 200) : INoSerializationVerificationNeeded
{
    /// <summary>Null: none.</summary>
    public string? ContentType { get; init; }

    /// <summary>The body; not changed any more once told.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Further headers. Content-Length is set by itself.</summary>
    public IReadOnlyList<KeyValuePair<string, StringValues>> Headers { get; init; } = [];

    /// <summary>Plain text, as UTF-8.</summary>
    public static ActorReply Text(string text, int status = 200) =>
        new(status) { ContentType = "text/plain; charset=utf-8", Body = Encoding.UTF8.GetBytes(text ?? throw new ArgumentNullException(nameof(text))) };

    /// <summary>JSON by a source-generated contract.</summary>
    public static ActorReply Json<T>(T value, JsonTypeInfo<T> type, int status = 200) =>
        new(status) { ContentType = "application/json; charset=utf-8", Body = JsonSerializer.SerializeToUtf8Bytes(value, type) };

    /// <summary>JSON by reflection, with the defaults of the web (camel case).</summary>
    public static ActorReply Json<T>(T value, int status = 200) =>
        new(status) { ContentType = "application/json; charset=utf-8", Body = JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web) };

    /// <summary>A problem document (RFC 9457).</summary>
    public static ActorReply Problem(int status, string title, string? detail = null) =>
        new(status) { ContentType = ProblemDocument.ContentType, Body = ProblemDocument.Write(status, title, detail) };

    /// <summary>The same with one more header.</summary>
    public ActorReply WithHeader(string name, string value) => this with { Headers = [.. Headers, new(name, value)] };
}
