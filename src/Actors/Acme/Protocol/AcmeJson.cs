using System.Globalization;
using System.Text.Json;

namespace Actors443.Acme.Protocol;

/// <summary>Reads one answer's JSON; what is missing or of the wrong kind is an <see cref="AcmeException"/> that says so.</summary>
internal readonly struct AcmeJson
{
    private readonly AcmeTransport _transport;
    private readonly Uri _url;
    private readonly JsonElement _element;

    public AcmeJson(AcmeTransport transport, AcmeAnswer answer)
    {
        _transport = transport;
        _url = answer.Url;
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            _element = document.RootElement.Clone();
        }
        catch (JsonException cause)
        {
            throw transport.BadAnswer(answer.Url, "is not JSON", cause);
        }

        if (_element.ValueKind != JsonValueKind.Object)
            throw transport.BadAnswer(answer.Url, "is not a JSON object");
    }

    private AcmeJson(AcmeJson of, JsonElement element)
    {
        _transport = of._transport;
        _url = of._url;
        _element = element;
    }

    public string Text(string name) => OptionalText(name) ?? throw Missing(name, "a string");

    public string? OptionalText(string name) => Find(name, JsonValueKind.String, "a string")?.GetString();

    public Uri Url(string name) => OptionalUrl(name) ?? throw Missing(name, "a URL");

    /// <summary>Resolved against the page (RFC 8555 says absolute; some CAs do not).</summary>
    public Uri? OptionalUrl(string name) => OptionalText(name) is { } text ? ToUrl(name, text) : null;

    /// <summary>A URL that is for people, and left out if it is none.</summary>
    public Uri? LinkForPeople(string name) => OptionalText(name) is { } text && Uri.TryCreate(text, UriKind.Absolute, out Uri? url) ? url : null;

    public IReadOnlyList<Uri> Urls(string name)
    {
        AcmeJson self = this;
        return [.. Array(name).Select(item => item.ValueKind == JsonValueKind.String ? self.ToUrl(name, item.GetString()!) : throw self.Missing(name, "a list of URLs"))];
    }

    public IReadOnlyList<string> Texts(string name) => [.. Array(name).Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];

    public bool Flag(string name) => _element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    /// <summary>RFC 3339; null: not there.</summary>
    public DateTimeOffset? Moment(string name)
    {
        if (OptionalText(name) is not { } text)
            return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset moment)
            ? moment
            : throw _transport.BadAnswer(_url, $"has \"{name}\", which is not a time");
    }

    public AcmeProblem? Problem(string name) => _element.TryGetProperty(name, out JsonElement value) ? AcmeProblem.Read(value) : null;

    public AcmeJson? Object(string name) => Find(name, JsonValueKind.Object, "an object") is { } value ? new AcmeJson(this, value) : null;

    public IReadOnlyList<AcmeJson> Objects(string name)
    {
        AcmeJson self = this;
        return [.. Array(name).Select(item => item.ValueKind == JsonValueKind.Object ? new AcmeJson(self, item) : throw self.Missing(name, "a list of objects"))];
    }

    public AcmeIdentifier Identifier() => new(Text("type"), Text("value"));

    /// <summary>Its members that are strings.</summary>
    public IReadOnlyDictionary<string, string> Members() =>
        _element.EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.String).ToDictionary(member => member.Name, member => member.Value.GetString()!);

    private JsonElement[] Array(string name) => Find(name, JsonValueKind.Array, "a list") is { } list ? [.. list.EnumerateArray()] : [];

    private JsonElement? Find(string name, JsonValueKind kind, string what)
    {
        if (!_element.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == kind ? value : throw Missing(name, what);
    }

    private Uri ToUrl(string name, string text) => Uri.TryCreate(_url, text, out Uri? url) ? _transport.Check(url) : throw Missing(name, "a URL");

    private AcmeException Missing(string name, string what) => _transport.BadAnswer(_url, $"has no \"{name}\" that is {what}");
}
