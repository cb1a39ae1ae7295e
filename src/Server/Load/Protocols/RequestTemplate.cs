using System.Globalization;
using System.Text;
using Actors443.Server.Load.Settings;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Load.Protocols;

/// <summary>One request as it goes over the wire, made once.</summary>
internal sealed class RequestTemplate
{
    private RequestTemplate(string method, string path, IReadOnlyList<KeyValuePair<string, string>> headers, string authority, ReadOnlyMemory<byte> body)
    {
        HasNoBodyInAnswer = method == "HEAD";
        Body = body;
        Http1 = WriteHttp1(method, path, headers, authority, body);
        Http2 = new HpackRequest(method, path, headers, authority, body.Length);
    }

    /// <summary>The whole request, body included.</summary>
    public byte[] Http1 { get; }

    /// <summary>The header block.</summary>
    public HpackRequest Http2 { get; }

    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>RFC 9110 9.3.2.</summary>
    public bool HasNoBodyInAnswer { get; }

    /// <summary>One for each path.</summary>
    /// <param name="target">Names the host, and the path if the settings name none.</param>
    public static RequestTemplate[] From(RequestSettings settings, Uri target)
    {
        IReadOnlyList<string> paths = settings.Paths.Count > 0 ? settings.Paths : [target.PathAndQuery];
        return [.. paths.Select(path => new RequestTemplate(settings.Method, path, WithUserAgent(settings.Headers), Authority(settings, target), settings.Body))];
    }

    /// <summary>A request of a protocol's own: a WebSocket, a DNS query.</summary>
    public static RequestTemplate Of(string method, string path, IReadOnlyList<KeyValuePair<string, string>> headers, Uri target, ReadOnlyMemory<byte> body) =>
        new(method, path, WithUserAgent(headers), target.Authority, body);

    private static string Authority(RequestSettings settings, Uri target) => settings.Headers.FirstOrDefault(header => IsHost(header.Key)).Value ?? target.Authority;

    private static bool IsHost(string name) => name.Equals("host", StringComparison.OrdinalIgnoreCase);

    private static List<KeyValuePair<string, string>> WithUserAgent(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        List<KeyValuePair<string, string>> all = [.. headers.Where(header => !IsHost(header.Key))];
        if (!all.Exists(header => header.Key.Equals("user-agent", StringComparison.OrdinalIgnoreCase)))
            all.Insert(0, new("user-agent", "actors443-load/" + ServerVersion.Product));
        return all;
    }

    private static byte[] WriteHttp1(string method, string path, IReadOnlyList<KeyValuePair<string, string>> headers, string authority, ReadOnlyMemory<byte> body)
    {
        var text = new StringBuilder().Append(method).Append(' ').Append(path).Append(" HTTP/1.1\r\nHost: ").Append(authority).Append("\r\n");
        foreach ((string name, string value) in headers)
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        if (body.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n");
        return [.. Encoding.Latin1.GetBytes(text.Append("\r\n").ToString()), .. body.Span];
    }
}
