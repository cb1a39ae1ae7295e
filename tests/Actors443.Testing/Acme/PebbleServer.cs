using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Actors443.Acme.Protocol;
using Actors443.Telemetry;

namespace Actors443.Testing.Acme;

/// <summary>How pebble is to be.</summary>
internal sealed record PebbleOptions
{
    /// <summary>Where http-01 is validated: the test server's port for http.</summary>
    public int HttpPort { get; init; } = 5002;

    /// <summary>Where tls-alpn-01 is validated: the test server's port for https.</summary>
    public int TlsPort { get; init; } = 5001;

    /// <summary>Percentage of good nonces that are refused.</summary>
    public int NoncesRefused { get; init; } = 30;

    /// <summary>Up to so many seconds pass before a validation; 0: none.</summary>
    public int ValidationDelay { get; init; }

    /// <summary>Percentage of valid authorizations that are used again.</summary>
    public int AuthorizationsReused { get; init; }

    /// <summary>Roots besides the first.</summary>
    public int AlternateRoots { get; init; }

    /// <summary>Key id and MAC key (base64url) of an external account that is then required.</summary>
    public (string KeyId, string Key)? ExternalAccount { get; init; }

    /// <summary>Whom pebble asks; null: a <c>pebble-challtestsrv</c> that says 127.0.0.1 for every name.</summary>
    public IPEndPoint? Dns { get; init; }
}

/// <summary>Pebble (Let's Encrypt's test CA) in strict mode, on free ports of 127.0.0.1, with a certificate of its own, and a DNS server it asks. Killed at dispose.</summary>
internal sealed class PebbleServer : IAsyncDisposable
{
    private const int Attempts = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder;
    private readonly TestCertificates _authority;
    private readonly TestProgram _pebble;
    private readonly TestProgram? _dns;
    private readonly int _dnsManagement;
    private readonly HttpClient _http;
    private readonly int _managementPort;

    private PebbleServer(TemporaryFolder folder, TestCertificates authority, TestProgram pebble, TestProgram? dns, int dnsManagement, HttpClient http, int port, int managementPort)
    {
        _folder = folder;
        _authority = authority;
        _pebble = pebble;
        _dns = dns;
        _dnsManagement = dnsManagement;
        _http = http;
        _managementPort = managementPort;
        Issuer = new AcmeIssuer("Pebble", new Uri($"https://127.0.0.1:{port}/dir")) { TrustedRoots = [authority.Certificate] };
    }

    /// <summary>Why it cannot be started here; null: it can.</summary>
    public static string? Missing { get; } =
        TestProgram.Find("pebble") is null || TestProgram.Find("pebble-challtestsrv") is null ? "pebble is not installed (Debian: pebble)" : null;

    /// <summary>How to talk to it: directory and trust.</summary>
    public AcmeIssuer Issuer { get; }

    /// <summary>What it has written.</summary>
    public string Output => _pebble.Output;

    public static async Task<PebbleServer> StartAsync(PebbleOptions? options = null)
    {
        // Somebody else may have taken a port before pebble did.
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await TryStartAsync(options ?? new PebbleOptions());
            }
            catch (TimeoutException) when (attempt < Attempts)
            {
                // Once more with others.
            }
        }
    }

    public AcmeClient CreateClient() => new(Issuer, TimeProvider.System, new AcmeMetrics(TestMeters.Factory));

    /// <summary>The certificate of a root that it issues under.</summary>
    public async Task<X509Certificate2> RootAsync(int number = 0) =>
        X509Certificate2.CreateFromPem(await _http.GetStringAsync(new Uri($"https://127.0.0.1:{_managementPort}/roots/{number}")));

    /// <summary><c>Valid</c> or <c>Revoked</c>, and the reason.</summary>
    public async Task<(string Status, int Reason)> StatusOfAsync(X509Certificate2 certificate)
    {
        JsonElement status = await _http.GetFromJsonAsync<JsonElement>(new Uri($"https://127.0.0.1:{_managementPort}/cert-status-by-serial/{certificate.SerialNumber.ToLowerInvariant()}"));
        return (status.GetProperty("Status").GetString()!, status.TryGetProperty("Reason", out JsonElement reason) ? reason.GetInt32() : 0);
    }

    /// <summary>Has a name mean an address for the CA.</summary>
    public Task SetAddressAsync(string name, string address) => TellDnsAsync("add-a", new { host = name + ".", addresses = new[] { address } });

    /// <summary>Where a program adds a TXT record with <c>{"host":"NAME.","value":"…"}</c>, for hooks.</summary>
    public Uri DnsManagement => new($"http://127.0.0.1:{_dnsManagement}/");

    public async ValueTask DisposeAsync()
    {
        await _pebble.DisposeAsync();
        if (_dns is not null)
            await _dns.DisposeAsync();
        _http.Dispose();
        _authority.Dispose();
        _folder.Dispose();
    }

    private static async Task<PebbleServer> TryStartAsync(PebbleOptions options)
    {
        var folder = new TemporaryFolder();
        var authority = new TestCertificates("Pebble's own TLS");
        TestCertificate certificate = authority.Issue("localhost", "127.0.0.1");
        int port = FreePort.Next();
        int management = FreePort.Next();
        int dnsManagement = FreePort.Next();
        TestProgram? dns = null;
        IPEndPoint resolver = options.Dns ?? new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        if (options.Dns is null)
            dns = TestProgram.Start("pebble-challtestsrv", ["-dns01", resolver.ToString(), "-management", $"127.0.0.1:{dnsManagement}", "-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""]);
        string configuration = folder.Write("pebble.json", JsonSerializer.Serialize(new
        {
            pebble = new
            {
                listenAddress = $"127.0.0.1:{port}",
                managementListenAddress = $"127.0.0.1:{management}",
                certificate = folder.Write("tls.pem", certificate.ChainPem),
                privateKey = folder.Write("tls.key", certificate.KeyPem),
                httpPort = options.HttpPort,
                tlsPort = options.TlsPort,
                ocspResponderURL = "",
                externalAccountBindingRequired = options.ExternalAccount is not null,
                externalAccountMACKeys = options.ExternalAccount is { } account ? new Dictionary<string, string> { [account.KeyId] = account.Key } : [],
            },
        }));
        TestProgram pebble = TestProgram.Start("pebble", ["-config", configuration, "-strict", "-dnsserver", resolver.ToString()], new Dictionary<string, string>
        {
            ["PEBBLE_WFE_NONCEREJECT"] = options.NoncesRefused.ToString(CultureInfo.InvariantCulture),
            ["PEBBLE_AUTHZREUSE"] = options.AuthorizationsReused.ToString(CultureInfo.InvariantCulture),
            ["PEBBLE_ALTERNATE_ROOTS"] = options.AlternateRoots.ToString(CultureInfo.InvariantCulture),
            [options.ValidationDelay == 0 ? "PEBBLE_VA_NOSLEEP" : "PEBBLE_VA_SLEEPTIME"] = options.ValidationDelay == 0 ? "1" : options.ValidationDelay.ToString(CultureInfo.InvariantCulture),
        });
        var http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.Thumbprint },
        });
        var server = new PebbleServer(folder, authority, pebble, dns, dnsManagement, http, port, management);
        try
        {
            await Eventually.HoldsAsync(async () => pebble.HasExited || (dns?.HasExited ?? false) || await server.AnswersAsync(), "pebble answers", Patience);
            if (pebble.HasExited || (dns?.HasExited ?? false))
                throw new TimeoutException($"pebble or its DNS ended at once: {pebble.Output} {dns?.Output}");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using HttpResponseMessage directory = await _http.GetAsync(Issuer.Directory);
            if (_dns is null)
                return directory.IsSuccessStatusCode;
            using HttpResponseMessage dns = await _http.PostAsJsonAsync(new Uri(DnsManagement, "clear-txt"), new { host = "none.test." });
            return directory.IsSuccessStatusCode && dns.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task TellDnsAsync(string command, object what)
    {
        using HttpResponseMessage answer = await _http.PostAsJsonAsync(new Uri(DnsManagement, command), what);
        answer.EnsureSuccessStatusCode();
    }
}
