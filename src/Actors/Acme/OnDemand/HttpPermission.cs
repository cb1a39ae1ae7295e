using System.Net;

namespace Actors443.Acme.OnDemand;

/// <summary>Asks a URL, as <c>URL?domain=NAME</c>: 2xx permits, 4xx forbids, all else is no answer. The one that people know from Caddy.</summary>
internal sealed class HttpPermission : ICertificatePermission, IDisposable
{
    private readonly Uri _url;
    private readonly HttpClient _client;

    public HttpPermission(Uri url, TimeSpan timeout)
    {
        _url = url;
        // A redirect is no answer: whoever can send one could send the question to somebody else.
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) })
        {
            Timeout = timeout,
            MaxResponseContentBufferSize = 64 * 1024,
        };
        _client.DefaultRequestHeaders.UserAgent.ParseAdd("Actors443");
    }

    public async Task<CertificatePermission> AskAsync(string name, IPAddress? client, CancellationToken stop)
    {
        string separator = _url.Query.Length > 1 ? "&" : "?";
        string asked = _url.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped).TrimEnd('?') + separator + "domain=" + Uri.EscapeDataString(name);
        try
        {
            using HttpResponseMessage answer = await _client.GetAsync(new Uri(asked), HttpCompletionOption.ResponseHeadersRead, stop);
            int status = (int)answer.StatusCode;
            return status switch
            {
                >= 200 and < 300 => CertificatePermission.Given,
                >= 400 and < 500 and not 408 and not 429 => CertificatePermission.Denied($"{_url} answers {status}"),
                _ => throw new PermissionException($"{_url} answers {status}"),
            };
        }
        catch (HttpRequestException cause)
        {
            throw new PermissionException($"{_url} cannot be asked: {cause.Message}", cause);
        }
        catch (OperationCanceledException cause) when (!stop.IsCancellationRequested)
        {
            throw new PermissionException($"{_url} has not answered within {_client.Timeout.TotalSeconds:0.#} s", cause);
        }
    }

    public void Dispose() => _client.Dispose();
}
