using System.Text;
using System.Text.Json;

namespace Actors443.Acme.Protocol;

/// <summary>A problem document (RFC 7807, RFC 8555 6.7), all of it as the CA wrote it.</summary>
/// <param name="Type">URI, <c>urn:ietf:params:acme:error:…</c>; <c>about:blank</c>: none was given.</param>
/// <param name="Detail">For people.</param>
/// <param name="Status">As the document says it; null: it does not.</param>
/// <param name="Identifier">The name it is about; null: all, or none in particular.</param>
/// <param name="Subproblems">One a name, if the CA says so (RFC 8555 6.7.1).</param>
/// <param name="Document">The JSON itself.</param>
internal sealed record AcmeProblem(string Type, string? Detail, int? Status, string? Identifier, IReadOnlyList<AcmeProblem> Subproblems, string Document)
{
    public const string Prefix = "urn:ietf:params:acme:error:";

    private const int MaximumDepth = 3;

    public bool Is(string type) => Type.StartsWith(Prefix, StringComparison.Ordinal) && Type.AsSpan(Prefix.Length).SequenceEqual(type);

    /// <summary>In one line, with its subproblems.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (Identifier is not null)
            text.Append(Identifier).Append(": ");
        text.Append(Type.StartsWith(Prefix, StringComparison.Ordinal) ? Type[Prefix.Length..] : Type);
        if (Detail is not null)
            text.Append(": ").Append(Detail);
        if (Subproblems.Count > 0)
            text.Append(" [").AppendJoin("; ", Subproblems).Append(']');
        return text.ToString();
    }

    /// <summary>Null: the element is not a problem document.</summary>
    public static AcmeProblem? Read(JsonElement element) => Read(element, 0);

    private static AcmeProblem? Read(JsonElement element, int depth)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return null;
        string? type = Text(element, "type");
        string? detail = Text(element, "detail") ?? Text(element, "title");
        if (type is null && detail is null)
            return null;
        string? identifier = element.TryGetProperty("identifier", out JsonElement about) && about.ValueKind == JsonValueKind.Object ? Text(about, "value") : null;
        int? status = element.TryGetProperty("status", out JsonElement number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out int code) ? code : null;
        IReadOnlyList<AcmeProblem> subproblems = depth < MaximumDepth && element.TryGetProperty("subproblems", out JsonElement all) && all.ValueKind == JsonValueKind.Array
            ? [.. all.EnumerateArray().Select(one => Read(one, depth + 1)).OfType<AcmeProblem>()]
            : [];
        return new AcmeProblem(type ?? "about:blank", detail, status, identifier, subproblems, element.GetRawText());
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
