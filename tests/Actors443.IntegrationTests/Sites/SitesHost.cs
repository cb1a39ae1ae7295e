using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Actors443.Configuration;
using Actors443.Server.AccessLogs;
using Actors443.Server.Configuration;
using Actors443.Server.Sites;
using Actors443.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Sites;

/// <summary>The sites as the server has them, on stock Kestrel with a certificate of the tests: what is between TLS and an answer, and nothing else.</summary>
internal sealed class SitesHost : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly TestCertificate _certificate;
    private readonly TemporaryFolder? _ownFolder;

    private SitesHost(WebApplication application, TestCertificate certificate, TemporaryFolder? ownFolder)
    {
        _application = application;
        _certificate = certificate;
        _ownFolder = ownFolder;
    }

    public IServiceProvider Services => _application.Services;

    public int Port => new Uri(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;

    public static Task<SitesHost> StartAsync(params RouteSettings[] routes) => StartAsync([new SiteSettings("*", routes)]);

    public static async Task<SitesHost> StartAsync(IReadOnlyList<SiteSettings> sites, AccessLogSettings? accessLog = null, string? stateDirectory = null, Action<IServiceCollection>? configure = null)
    {
        TemporaryFolder? own = stateDirectory is null ? new TemporaryFolder() : null;
        var settings = new ServerSettings
        {
            Core = new Actors443Settings { StateDirectory = stateDirectory ?? own!.Path },
            Sites = sites,
            AccessLog = accessLog ?? new AccessLogSettings(),
        };
        using var authority = new TestCertificates();
        TestCertificate certificate = authority.Issue("localhost", "127.0.0.1");
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSites(settings);
        configure?.Invoke(builder.Services);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                // By a selector, as only then the name that the client sent is known.
                listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => certificate.WithKey);
            }));
        WebApplication application = builder.Build();
        application.UseSites();
        await application.Services.GetRequiredService<SiteDirectory>().ApplyAsync(sites, CancellationToken.None);
        await application.StartAsync();
        return new SitesHost(application, certificate, own);
    }

    public Task ApplyAsync(params RouteSettings[] routes) =>
        Services.GetRequiredService<SiteDirectory>().ApplyAsync([new SiteSettings("*", routes)], CancellationToken.None);

    /// <summary>A client that reaches this host by any name. It neither follows redirects nor unpacks, and takes this host's certificate for every name.</summary>
    public HttpClient CreateClient(Version? version = null, string host = "localhost")
    {
        return new HttpClient(CreateHandler())
        {
            BaseAddress = new Uri($"https://{host}:{Port}/"),
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(30),
        };
    }

    public SocketsHttpHandler CreateHandler() => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => IsOurs(shown) },
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    /// <summary>Sends these bytes over TLS and answers all that comes back until the server closes.</summary>
    public async Task<string> SendRawAsync(string request, string? serverName = "localhost")
    {
        await using SslStream tls = await ConnectAsync(serverName, SslApplicationProtocol.Http11);
        await tls.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(tls, Encoding.Latin1);
        return await reader.ReadToEndAsync();
    }

    /// <summary>A connection on which the client has sent this name; null: none.</summary>
    public async Task<SslStream> ConnectAsync(string? serverName, SslApplicationProtocol protocol)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = serverName,
            ApplicationProtocols = [protocol],
            RemoteCertificateValidationCallback = (_, shown, _, _) => IsOurs(shown),
        });
        return tls;
    }

    private bool IsOurs(X509Certificate? shown) => shown?.GetCertHashString() == _certificate.Thumbprint;

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _application.StopAsync(atOnce.Token);
        await Services.GetRequiredService<AccessLog>().DisposeAsync();
        await _application.DisposeAsync();
        _certificate.WithKey.Dispose();
        _ownFolder?.Dispose();
    }
}

internal static class Requests
{
    /// <summary>GET with further headers, written <c>Name: value</c>.</summary>
    public static Task<HttpResponseMessage> FetchAsync(this HttpClient client, string path, params string[] headers) => client.FetchAsync(HttpMethod.Get, path, headers);

    public static async Task<HttpResponseMessage> FetchAsync(this HttpClient client, HttpMethod method, string path, params string[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(client.BaseAddress!.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Version = client.DefaultRequestVersion,
            VersionPolicy = client.DefaultVersionPolicy,
        };
        foreach (string header in headers)
        {
            int colon = header.IndexOf(':', StringComparison.Ordinal);
            Assert.True(request.Headers.TryAddWithoutValidation(header[..colon], header[(colon + 1)..].Trim()), header);
        }

        return await client.SendAsync(request);
    }

    /// <summary>A header as it was sent; null: not sent.</summary>
    public static string? Header(this HttpResponseMessage response, string name)
    {
        HttpHeaders headers = response.Headers.NonValidated.Contains(name) ? response.Headers : response.Content.Headers;
        return headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values.ToString() : null;
    }
}
