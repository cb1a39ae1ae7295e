using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Reflection;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Actors443.Certificates;
using Actors443.Telemetry;

namespace Actors443.Acme.Protocol;

/// <summary>An answer that says yes, whole.</summary>
/// <param name="Url">What was asked.</param>
/// <param name="Status">2xx.</param>
/// <param name="Location">Where the thing made is; null: the header is missing.</param>
/// <param name="Links">Headers <c>Link</c>.</param>
/// <param name="RetryAfter">Null: the CA did not say.</param>
/// <param name="Body">Not above <see cref="AcmeIssuer.MaximumAnswer"/>.</param>
internal sealed record AcmeAnswer(Uri Url, int Status, Uri? Location, IReadOnlyList<string> Links, TimeSpan? RetryAfter, byte[] Body);

/// <summary>One CA over HTTPS: limits, nonces, and every failure as an <see cref="AcmeException"/>. Thread-safe. Never waits between requests.</summary>
internal sealed class AcmeTransport : IDisposable
{
    private const string JoseJson = "application/jose+json";
    private const int LongestExcerpt = 200;

    private static readonly string UserAgent = $"Actors443/{typeof(AcmeTransport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0"} dotnet/{Environment.Version}";

    private readonly AcmeIssuer _issuer;
    private readonly TimeProvider _time;
    private readonly AcmeMetrics _metrics;
    private readonly HttpClient _http;
    private readonly NoncePool _nonces = new();

    public AcmeTransport(AcmeIssuer issuer, TimeProvider time, AcmeMetrics metrics)
    {
        _issuer = issuer;
        _time = time;
        _metrics = metrics;
        var handler = new SocketsHttpHandler
        {
            // A signed request is for one URL: nothing is to be sent on elsewhere.
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !issuer.Directory.IsLoopback,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = issuer.Timeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseHeadersLength = 64,
        };
        if (issuer.TrustedRoots.Count > 0)
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => Trusts(certificate, chain, errors);
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(UserAgent);
        _http.DefaultRequestHeaders.AcceptLanguage.ParseAdd("en");
    }

    /// <summary>An unsigned GET: the directory, renewal information.</summary>
    /// <exception cref="AcmeException">See <see cref="AcmeFailure"/>.</exception>
    public async Task<AcmeAnswer> GetAsync(Uri url, CancellationToken cancellationToken)
    {
        Reply reply = await SendAsync(HttpMethod.Get, url, null, null, cancellationToken);
        return reply.Answer ?? throw Failure(HttpMethod.Get, reply);
    }

    /// <summary>A signed POST, again with another nonce as long as the CA refuses the nonce.</summary>
    /// <param name="url">Where to.</param>
    /// <param name="newNonce">Where nonces are had when there is none left.</param>
    /// <param name="sign">The body for a nonce.</param>
    /// <param name="accept">Media type wanted; null: any.</param>
    /// <param name="cancellationToken">Ends it; whether the request was carried out is then not known.</param>
    /// <exception cref="AcmeException">See <see cref="AcmeFailure"/>.</exception>
    public async Task<AcmeAnswer> PostAsync(Uri url, Uri newNonce, Func<string, byte[]> sign, string? accept, CancellationToken cancellationToken)
    {
        string? nonce = _nonces.Take();
        for (int attempt = 0; ; attempt++)
        {
            nonce ??= await FetchNonceAsync(newNonce, cancellationToken);
            Reply reply = await SendAsync(HttpMethod.Post, url, sign(nonce), accept, cancellationToken);
            if (reply.Answer is not null)
            {
                if (reply.Nonce is not null)
                    _nonces.Add(reply.Nonce);
                return reply.Answer;
            }

            AcmeException failure = Failure(HttpMethod.Post, reply);
            if (failure.Failure != AcmeFailure.NonceRejected || attempt >= _issuer.NonceRetries)
            {
                if (reply.Nonce is not null)
                    _nonces.Add(reply.Nonce);
                throw failure;
            }

            // The one that came with the refusal is fresh (RFC 8555 6.5).
            nonce = reply.Nonce;
        }
    }

    /// <exception cref="AcmeException">The URL is not one to send a signed request to.</exception>
    public Uri Check(Uri url)
    {
        bool allowed = url.IsAbsoluteUri && (url.Scheme == Uri.UriSchemeHttps || (_issuer.AllowHttpOnLoopback && url.Scheme == Uri.UriSchemeHttp && url.IsLoopback));
        return allowed ? url : throw new AcmeException(AcmeFailure.BadAnswer, $"{_issuer.Name}: {url} is not https, which ACME needs (RFC 8555 6.1).") { Url = url };
    }

    public AcmeException BadAnswer(Uri url, string what, Exception? cause = null) =>
        new(AcmeFailure.BadAnswer, $"{_issuer.Name}: the answer of {url} {what}.", cause) { Url = url };

    public void Dispose() => _http.Dispose();

    private async Task<string> FetchNonceAsync(Uri newNonce, CancellationToken cancellationToken)
    {
        Reply reply = await SendAsync(HttpMethod.Head, newNonce, null, null, cancellationToken);
        if (reply.Answer is null)
            throw Failure(HttpMethod.Head, reply);
        return reply.Nonce ?? throw BadAnswer(newNonce, "has no Replay-Nonce header");
    }

    private async Task<Reply> SendAsync(HttpMethod method, Uri url, byte[]? body, string? accept, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, Check(url));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(JoseJson);
        }

        if (accept is not null)
            request.Headers.Accept.ParseAdd(accept);
        using var patience = new CancellationTokenSource(_issuer.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            byte[]? content = await ReadAsync(response.Content, either.Token);
            _metrics.Asked(_issuer.Name, (int)response.StatusCode);
            if (content is null)
                throw BadAnswer(url, $"is larger than {_issuer.MaximumAnswer} bytes");
            return Understand(url, response, content);
        }
        catch (OperationCanceledException cause) when (!cancellationToken.IsCancellationRequested)
        {
            _metrics.Asked(_issuer.Name, "timeout");
            throw new AcmeException(AcmeFailure.TimedOut, $"{_issuer.Name}: {method} {url} had no whole answer within {_issuer.Timeout.TotalSeconds:0.#} s.", cause) { Url = url };
        }
        catch (HttpRequestException cause) when (cause.InnerException is AuthenticationException)
        {
            _metrics.Asked(_issuer.Name, "untrusted");
            throw new AcmeException(AcmeFailure.UntrustedServer, $"{_issuer.Name}: {url.Authority} is not trusted: {cause.InnerException.Message}", cause) { Url = url };
        }
        catch (Exception cause) when (cause is HttpRequestException or IOException)
        {
            _metrics.Asked(_issuer.Name, "unreachable");
            throw new AcmeException(AcmeFailure.Unreachable, $"{_issuer.Name}: {method} {url} failed: {Innermost(cause)}", cause) { Url = url };
        }
    }

    private Reply Understand(Uri url, HttpResponseMessage response, byte[] content)
    {
        string? retry = First(response, "Retry-After");
        // Whose clock is wrong does not matter for how long to wait.
        TimeSpan? retryAfter = RetryAfter.Parse(retry, response.Headers.Date ?? _time.GetUtcNow());
        string? nonce = First(response, "Replay-Nonce");
        int status = (int)response.StatusCode;
        Uri? location = First(response, "Location") is { } text && Uri.TryCreate(url, text, out Uri? target) ? target : null;
        AcmeAnswer? answer = response.IsSuccessStatusCode
            ? new AcmeAnswer(url, status, location, response.Headers.TryGetValues("Link", out IEnumerable<string>? links) ? [.. links] : [], retryAfter, content)
            : null;
        return new Reply(url, status, nonce, retryAfter, location, content, answer);
    }

    private AcmeException Failure(HttpMethod method, Reply reply)
    {
        AcmeProblem? problem = ReadProblem(reply.Content);
        AcmeFailure failure = reply.Status switch
        {
            _ when problem?.Is("badNonce") == true => AcmeFailure.NonceRejected,
            429 or 503 => AcmeFailure.Overloaded,
            _ when problem?.Is("rateLimited") == true => AcmeFailure.Overloaded,
            >= 500 => AcmeFailure.ServerError,
            _ when problem is not null => AcmeFailure.Refused,
            _ => AcmeFailure.BadAnswer,
        };
        string what = reply.Status is >= 300 and < 400
            ? $"a redirect to {reply.Location?.ToString() ?? "nowhere"}, which is not followed; name the directory by its own URL"
            : problem?.ToString() ?? $"no problem document but {Excerpt(reply.Content)}";
        string wait = reply.RetryAfter is { } after ? $" (retry after {after.TotalSeconds:0} s)" : "";
        return new AcmeException(failure, $"{_issuer.Name}: {method} {reply.Url} was answered {reply.Status}: {what}{wait}")
        {
            Url = reply.Url,
            Status = reply.Status,
            Problem = problem,
            RetryAfter = reply.RetryAfter,
        };
    }

    private static AcmeProblem? ReadProblem(byte[] content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            return AcmeProblem.Read(document.RootElement);
        }
        catch (JsonException)
        {
            // A proxy's page of HTML, for example: the excerpt shows it.
            return null;
        }
    }

    private async Task<byte[]?> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > _issuer.MaximumAnswer)
            return null;
        await using Stream stream = await content.ReadAsStreamAsync(cancellationToken);
        using var whole = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            whole.Write(buffer, 0, count);
            if (whole.Length > _issuer.MaximumAnswer)
                return null;
        }

        return whole.ToArray();
    }

    private bool Trusts(X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        // The name must be right whoever has issued it.
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is not X509Certificate2 leaf)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_issuer.TrustedRoots.ToArray());
        if (presented is not null)
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ExtendedKeyUsages.ServerAuthentication));
        return chain.Build(leaf);
    }

    private static string? First(HttpResponseMessage response, string header) =>
        response.Headers.TryGetValues(header, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;

    private static string Excerpt(byte[] content)
    {
        if (content.Length == 0)
            return "an empty body";
        string text = Encoding.UTF8.GetString(content.AsSpan(0, Math.Min(content.Length, LongestExcerpt)));
        return $"\"{new string([.. text.Select(c => char.IsControl(c) ? ' ' : c)])}\"";
    }

    private static string Innermost(Exception cause)
    {
        while (cause.InnerException is { } inner)
            cause = inner;
        return cause.Message;
    }

    private readonly record struct Reply(Uri Url, int Status, string? Nonce, TimeSpan? RetryAfter, Uri? Location, byte[] Content, AcmeAnswer? Answer);
}
