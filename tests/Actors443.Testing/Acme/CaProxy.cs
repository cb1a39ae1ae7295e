using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Actors443.Acme.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Actors443.Testing.Acme;

/// <summary>A request on its way through a <see cref="CaProxy"/>.</summary>
/// <param name="Kind">First part of the path: <c>order-plz</c>.</param>
/// <param name="Status">What the CA answered; null: it has not been asked yet.</param>
/// <param name="From">Who asks.</param>
internal sealed record ProxiedRequest(string Kind, int? Status, IPAddress From);

/// <summary>Stands before a CA, sees every request twice (before the CA has it, and before its answer goes back), and can do something then. The CA makes its URLs from
/// the Host that it is asked by, and so all requests come this way. Says when to renew (RFC 9773) for a CA that does not.</summary>
internal sealed class CaProxy : IAsyncDisposable
{
    private const string RenewalInfo = "renewal-info";

    private readonly WebApplication _application;
    private readonly TestCertificates _root = new("Proxy Root");
    private readonly HttpClient _http;
    private readonly AcmeIssuer _behind;

    private CaProxy(AcmeIssuer behind, IPAddress address)
    {
        _behind = behind;
        X509Certificate2 root = behind.TrustedRoots[0];
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            SslOptions =
            {
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root }, RevocationMode = X509RevocationMode.NoCheck },
                // It is asked by the name of the proxy.
                RemoteCertificateValidationCallback = (_, _, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None,
            },
        });
        TestCertificate tls = _root.Issue(address.ToString());
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(address, 0, listen => listen.UseHttps(X509CertificateLoader.LoadPkcs12(tls.Pfx(null), null))));
        _application = builder.Build();
        _application.Run(PassAsync);
    }

    /// <summary>Called with each request, on any thread. True: its connection is cut, and a request that the CA does not have never gets there.</summary>
    public Func<ProxiedRequest, bool> Cuts { get; set; } = _ => false;

    /// <summary>Awaited with each request before <see cref="Cuts"/> is asked.</summary>
    public Func<ProxiedRequest, Task> Holds { get; set; } = _ => Task.CompletedTask;

    /// <summary>By certificate id: when it is to be renewed. Null: the CA says so itself, or nobody does.</summary>
    public Func<string, (DateTimeOffset Start, DateTimeOffset End)>? RenewalWindow { get; set; }

    /// <summary>Of each order that the CA has taken: the id of the certificate that it says it replaces; null: none.</summary>
    public ConcurrentQueue<string?> Replaced { get; } = new();

    /// <summary>What was answered.</summary>
    public ConcurrentQueue<ProxiedRequest> Answered { get; } = new();

    /// <summary>How to talk to the CA by way of this.</summary>
    public AcmeIssuer Issuer => _behind with { Directory = new Uri(_application.Urls.Single() + _behind.Directory.AbsolutePath), TrustedRoots = [_root.Certificate] };

    /// <param name="behind">The CA.</param>
    /// <param name="address">Where it listens; null: 127.0.0.1.</param>
    public static async Task<CaProxy> StartAsync(AcmeIssuer behind, IPAddress? address = null)
    {
        var proxy = new CaProxy(behind, address ?? IPAddress.Loopback);
        await proxy._application.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _http.Dispose();
        _root.Dispose();
    }

    private static JsonObject Payload(byte[] jws) =>
        JsonNode.Parse(Base64Url.DecodeFromChars(JsonNode.Parse(jws)!["payload"]!.GetValue<string>()))!.AsObject();

    private static byte[] WithRenewalInfo(byte[] directory, string url)
    {
        JsonObject all = JsonNode.Parse(directory)!.AsObject();
        all["renewalInfo"] = url;
        return JsonSerializer.SerializeToUtf8Bytes(all);
    }

    private async Task PassAsync(HttpContext context)
    {
        string kind = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries)[0];
        var asked = new ProxiedRequest(kind, null, context.Connection.RemoteIpAddress!);
        await Holds(asked);
        if (Cuts(asked))
        {
            context.Abort();
            return;
        }

        if (kind == RenewalInfo && RenewalWindow is { } window)
        {
            (DateTimeOffset start, DateTimeOffset end) = window(context.Request.Path.Value[(RenewalInfo.Length + 2)..]);
            await context.Response.WriteAsJsonAsync(new { suggestedWindow = new { start = start.UtcDateTime, end = end.UtcDateTime } });
            return;
        }

        byte[] sent = [];
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(_behind.Directory, context.Request.Path.Value));
        request.Headers.Host = context.Request.Host.Value;
        request.Headers.TryAddWithoutValidation("User-Agent", context.Request.Headers.UserAgent.ToString());
        if (context.Request.Headers.Accept.ToString() is { Length: > 0 } accept)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        if (HttpMethods.IsPost(context.Request.Method))
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            sent = body.ToArray();
            request.Content = new ByteArrayContent(sent);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(context.Request.ContentType!);
        }

        using HttpResponseMessage answer = await _http.SendAsync(request);
        byte[] content = await answer.Content.ReadAsByteArrayAsync();
        var seen = asked with { Status = (int)answer.StatusCode };
        Answered.Enqueue(seen);
        if (seen is { Kind: "order-plz", Status: StatusCodes.Status201Created })
            Replaced.Enqueue(Payload(sent)["replaces"]?.GetValue<string>());
        if (RenewalWindow is not null && context.Request.Path == _behind.Directory.AbsolutePath)
            content = WithRenewalInfo(content, $"https://{context.Request.Host}/{RenewalInfo}");
        await Holds(seen);
        if (Cuts(seen))
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = (int)answer.StatusCode;
        foreach ((string name, IEnumerable<string> values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (name is not ("Transfer-Encoding" or "Connection" or "Content-Length" or "Date"))
                context.Response.Headers[name] = values.ToArray();
        }

        await context.Response.Body.WriteAsync(content);
    }
}
