using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using Actors443.Dns.Wire;

namespace Actors443.Dns.Upstreams;

/// <summary>One server by DNS over HTTPS (RFC 8484), over HTTP/2 where it speaks it. Thread-safe.</summary>
internal sealed class HttpsUpstream : IDnsUpstream
{
    private const string MediaType = "application/dns-message";

    private readonly HttpClient _http;
    private readonly Uri _url;

    /// <param name="name">As the settings write it.</param>
    /// <param name="url">Where questions are posted to.</param>
    /// <param name="address">Where that is; null: the system resolves the name.</param>
    /// <param name="tls">Whose certificate is believed.</param>
    public HttpsUpstream(string name, Uri url, IPAddress? address, SslClientAuthenticationOptions tls)
    {
        Name = name;
        _url = url;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            SslOptions = tls,
        };
        if (address is not null)
            handler.ConnectCallback = async (context, stop) => await TcpStream.ConnectAsync(new IPEndPoint(address, context.DnsEndPoint.Port), stop);
        _http = new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = DnsHeader.LongestMessage,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        _http.DefaultRequestHeaders.Accept.ParseAdd(MediaType);
    }

    public string Name { get; }

    public bool IsTrusted => true;

    public async Task<UpstreamAnswer> ExchangeAsync(UpstreamQuery query, CancellationToken cancellationToken)
    {
        // Id 0, so that caches see the same question again (RFC 8484 4.1).
        byte[] message = query.Write(0, mixCase: false, padded: true);
        try
        {
            using var content = new ByteArrayContent(message);
            content.Headers.ContentType = new MediaTypeHeaderValue(MediaType);
            using HttpResponseMessage response = await _http.PostAsync(_url, content, cancellationToken);
            if (!response.IsSuccessStatusCode || response.Content.Headers.ContentType?.MediaType != MediaType)
                throw new DnsUpstreamException($"{Name} answers {(int)response.StatusCode} {response.Content.Headers.ContentType?.MediaType ?? "without a media type"}");
            byte[] answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (UpstreamQuery.Match(message, answer) == AnswerMatch.Foreign)
                throw new DnsUpstreamException($"{Name} answers something else than was asked");
            return new UpstreamAnswer(answer, (uint)Math.Clamp(response.Headers.Age?.TotalSeconds ?? 0, 0, int.MaxValue));
        }
        catch (HttpRequestException cause)
        {
            throw new DnsUpstreamException($"{Name} cannot be asked: {cause.InnerException?.Message ?? cause.Message}", cause);
        }
    }

    public void CloseIdle()
    {
        // The handler does.
    }

    public void Dispose() => _http.Dispose();
}
