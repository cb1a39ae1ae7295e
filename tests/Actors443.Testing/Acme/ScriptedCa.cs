using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Actors443.Acme.Protocol;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Actors443.Testing.Acme;

/// <summary>A request as the CA got it.</summary>
/// <param name="Path">Of the URL.</param>
/// <param name="Payload">Of the JWS; undefined: POST-as-GET or not signed.</param>
/// <param name="Context">To answer with.</param>
internal sealed record CaRequest(string Path, JsonElement Payload, HttpContext Context);

/// <summary>
/// A CA over HTTPS in this process, for what pebble does not do: profiles, renewal information, and every kind of bad answer. Names are valid without a challenge,
/// signatures are not verified (pebble does that), certificates are real. A script answers in its place.
/// </summary>
internal sealed class ScriptedCa : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly TestCertificates _root;
    private readonly TestCertificates _intermediate;
    private readonly ConcurrentDictionary<string, string> _certificates = new();
    private readonly ConcurrentDictionary<string, Order> _orders = new();
    private int _number;

    private ScriptedCa(WebApplication application, TestCertificates root, TestCertificates intermediate)
    {
        _application = application;
        _root = root;
        _intermediate = intermediate;
    }

    /// <summary>Answers instead of the CA if it says so: true.</summary>
    public Func<CaRequest, Task<bool>>? Script { get; set; }

    /// <summary>Paths asked for, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Headers <c>User-Agent</c> seen.</summary>
    public ConcurrentQueue<string> UserAgents { get; } = new();

    /// <summary>Payloads of new orders.</summary>
    public ConcurrentQueue<JsonElement> Orders { get; } = new();

    /// <summary>Whether answers carry a nonce.</summary>
    public bool GivesNonces { get; set; } = true;

    /// <summary>When certificates are to be renewed.</summary>
    public (DateTimeOffset Start, DateTimeOffset End) RenewalWindow { get; } = (DateTimeOffset.UtcNow.Date.AddDays(20), DateTimeOffset.UtcNow.Date.AddDays(22));

    public string Base => _application.Urls.Single();

    /// <summary>Of another CA than the one that TLS is verified by.</summary>
    public TestCertificates Stranger { get; } = new("Stranger");

    public AcmeIssuer Issuer => new("Scripted", new Uri(Base + "/directory")) { TrustedRoots = [_root.Certificate], Timeout = TimeSpan.FromSeconds(20) };

    public static async Task<ScriptedCa> StartAsync()
    {
        var root = new TestCertificates("Scripted Root");
        TestCertificates intermediate = root.Intermediate("Scripted Intermediate");
        TestCertificate tls = root.Issue("127.0.0.1");
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(X509CertificateLoader.LoadPkcs12(tls.Pfx(null), null))));
        WebApplication application = builder.Build();
        var ca = new ScriptedCa(application, root, intermediate);
        application.Run(ca.AnswerAsync);
        await application.StartAsync();
        return ca;
    }

    public AcmeClient CreateClient(Func<AcmeIssuer, AcmeIssuer>? change = null, TimeProvider? time = null) =>
        new(change?.Invoke(Issuer) ?? Issuer, time ?? TimeProvider.System, new AcmeMetrics(TestMeters.Factory));

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        Stranger.Dispose();
        _intermediate.Dispose();
        _root.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        Asked.Enqueue(path);
        UserAgents.Enqueue(context.Request.Headers.UserAgent.ToString());
        JsonElement payload = await PayloadAsync(context.Request);
        if (GivesNonces && path != "/directory")
            context.Response.Headers["Replay-Nonce"] = $"nonce-{Interlocked.Increment(ref _number)}";
        if (Script is { } script && await script(new CaRequest(path, payload, context)))
            return;
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (parts[0])
        {
            case "directory":
                await WriteAsync(context, 200, Directory());
                break;
            case "new-nonce":
                context.Response.StatusCode = 200;
                break;
            case "new-account":
                context.Response.Headers.Location = Base + "/account/1";
                await WriteAsync(context, 201, new { status = "valid" });
                break;
            case "new-order":
                await NewOrderAsync(context, payload);
                break;
            case "order":
                await WriteAsync(context, 200, Describe(parts[1]));
                break;
            case "finalize":
                _orders[parts[1]] = _orders[parts[1]] with { Csr = payload.GetProperty("csr").GetString()! };
                _certificates[parts[1]] = Issue(_orders[parts[1]].Csr!);
                await WriteAsync(context, 200, Describe(parts[1]));
                break;
            case "certificate":
                context.Response.ContentType = "application/pem-certificate-chain";
                await context.Response.WriteAsync(_certificates[parts[1]]);
                break;
            case "renewal-info":
                context.Response.Headers.RetryAfter = "21600";
                await WriteAsync(context, 200, new { suggestedWindow = new { start = RenewalWindow.Start.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), end = RenewalWindow.End.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) }, explanationURL = "https://ca.test/why" });
                break;
            default:
                await WriteAsync(context, 404, new { type = "urn:ietf:params:acme:error:malformed", detail = "Nothing is there." });
                break;
        }
    }

    private object Directory() => new
    {
        newNonce = Base + "/new-nonce",
        newAccount = Base + "/new-account",
        newOrder = Base + "/new-order",
        revokeCert = Base + "/revoke-cert",
        renewalInfo = Base + "/renewal-info",
        meta = new { profiles = new { classic = "As ever.", tlsserver = "For servers.", shortlived = "Six days." }, caaIdentities = new[] { "ca.test" }, website = "https://ca.test/" },
    };

    private async Task NewOrderAsync(HttpContext context, JsonElement payload)
    {
        Orders.Enqueue(payload);
        string id = $"{Interlocked.Increment(ref _number)}";
        _orders[id] = new Order(payload.GetProperty("identifiers"), payload.TryGetProperty("profile", out JsonElement profile) ? profile.GetString() : null, null);
        context.Response.Headers.Location = $"{Base}/order/{id}";
        await WriteAsync(context, 201, Describe(id));
    }

    private Dictionary<string, object?> Describe(string id)
    {
        Order order = _orders[id];
        var description = new Dictionary<string, object?>
        {
            ["status"] = order.Csr is null ? "ready" : "valid",
            ["identifiers"] = order.Identifiers,
            ["authorizations"] = new[] { $"{Base}/authorization/{id}" },
            ["finalize"] = $"{Base}/finalize/{id}",
        };
        if (order.Csr is not null)
            description["certificate"] = $"{Base}/certificate/{id}";
        if (order.Profile is not null)
            description["profile"] = order.Profile;
        return description;
    }

    private string Issue(string csr)
    {
        CertificateRequest request = CertificateRequest.LoadSigningRequest(Base64Url.DecodeFromChars(csr), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_intermediate.Certificate, true, false));
        // Whatever kind of key is certified.
        using ECDsa key = _intermediate.Certificate.GetECDsaPrivateKey()!;
        using X509Certificate2 certificate = request.Create(
            _intermediate.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(key), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(6), RandomNumberGenerator.GetBytes(16));
        return certificate.ExportCertificatePem() + "\n" + _intermediate.CertificatePem;
    }

    private static Task WriteAsync(HttpContext context, int status, object body)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(body, options: null, contentType: status < 400 ? "application/json" : "application/problem+json");
    }

    private static async Task<JsonElement> PayloadAsync(HttpRequest request)
    {
        if (!HttpMethods.IsPost(request.Method))
            return default;
        using JsonDocument jws = await JsonDocument.ParseAsync(request.Body);
        string payload = jws.RootElement.GetProperty("payload").GetString()!;
        return payload.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(Base64Url.DecodeFromChars(payload));
    }

    private sealed record Order(JsonElement Identifiers, string? Profile, string? Csr);
}
