using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Yarp.ReverseProxy.Forwarder;

namespace Actors443.Bench.Servers;

/// <summary>Plain Kestrel with SslStream, as good as it gets without an engine of its own: the certificate's context made once, YARP's forwarder for the proxy.</summary>
internal sealed class KestrelServer(BenchSite site) : ComparedServer("stock Kestrel", site)
{
    public override string? Missing => null;

    public override bool Reloads => false;

    public override Task ReloadAsync() => throw new NotSupportedException("A certificate is Kestrel's for its life.");

    /// <summary>The server's own process, started by <see cref="Launch"/>.</summary>
    public static async Task<int> ServeAsync(int port, string folder, int upstream, CancellationToken stop)
    {
        X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "site.pem"), Path.Combine(folder, "site.key"));
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, [], offline: true),
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        };
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.Services.AddHttpForwarder();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(10);
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(options) }));
        });
        await using WebApplication application = builder.Build();
        byte[] hello = System.Text.Encoding.ASCII.GetBytes(BenchSite.Hello);
        application.MapGet("/hello", async (HttpContext context) =>
        {
            context.Response.ContentType = "text/plain";
            context.Response.ContentLength = hello.Length;
            await context.Response.BodyWriter.WriteAsync(hello);
        });
        application.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = new Microsoft.Extensions.FileProviders.PhysicalFileProvider(Path.Combine(folder, "www")),
            ServeUnknownFileTypes = true,
        });
        using var client = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None });
        IHttpForwarder forwarder = application.Services.GetRequiredService<IHttpForwarder>();
        string behind = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{upstream}/");
        application.MapGet("/proxy", async context => await forwarder.SendAsync(context, behind, client, ForwarderRequestConfig.Empty));
        await application.StartAsync(stop);
        await application.WaitForShutdownAsync(stop);
        return 0;
    }

    protected override Task<string> VersionAsync() => Task.FromResult($"Kestrel of .NET {Environment.Version}");

    protected override Process Launch(int port) =>
        Programs.Start(Environment.ProcessPath!, ["serve-kestrel", port.ToString(CultureInfo.InvariantCulture), Site.Folder, Site.UpstreamPort.ToString(CultureInfo.InvariantCulture)]);
}
