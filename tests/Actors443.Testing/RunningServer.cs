using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Hosting;
using Actors443.Listening;
using Actors443.Listening.Handover;
using Actors443.Server.Cli;
using Actors443.Server.Configuration;
using Actors443.Server.Hosting;
using Actors443.Server.Sites;
using Actors443.Supervision;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Testing;

/// <summary>The whole server in this process, on free ports of 127.0.0.1, with a state directory of its own. Everything is the product's own code.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly TemporaryFolder _state;
    private readonly ServerStart _start;
    private readonly Lazy<SettingsReload> _reload;

    private RunningServer(WebApplication application, TemporaryFolder state, ServerStart start)
    {
        _application = application;
        _state = state;
        _start = start;
        _reload = new Lazy<SettingsReload>(() => ActivatorUtilities.CreateInstance<SettingsReload>(Services));
    }

    public IServiceProvider Services => _application.Services;

    public ActorSystem System => Services.GetRequiredService<ActorSystem>();

    public ServerEnvironment Environment => Services.GetRequiredService<ServerEnvironment>();

    public IActorRef Supervisor => Services.GetRequiredService<IRequiredActor<Actors443Supervisor>>().ActorRef;

    public string StateDirectory => _state.Path;

    public int HttpsPort => PortOf(tls: true);

    public int HttpPort => PortOf(tls: false);

    public Uri Https => new($"https://localhost:{HttpsPort}/");

    /// <param name="hocon">The configuration file's text; null: the built-in one.</param>
    /// <param name="overrides">As with <c>--set</c>; ports and state directory are set besides.</param>
    public static async Task<RunningServer> StartAsync(string? hocon = null, params string[] overrides)
    {
        var state = new TemporaryFolder();
        string[] files = [];
        if (hocon is not null)
        {
            files = [Path.Combine(state.Path, "test.conf")];
            await File.WriteAllTextAsync(files[0], hocon);
        }

        string[] all =
        [
            TestEngine.Setting, "https.bind=[\"127.0.0.1:0\"]", "http.bind=[\"127.0.0.1:0\"]", "admin.enabled=off", $"state-directory=\"{state.Path}/state\"", "log.level=warning",
            .. overrides,
        ];
        LoadedSettings loaded = ServerSettingsLoader.Load(files, all);
        if (loaded.Settings is null)
            throw new InvalidOperationException(string.Join(global::System.Environment.NewLine, loaded.Problems));
        var console = new CommandConsole(TextWriter.Null, TextWriter.Null, false, false, false, 0);
        var start = new ServerStart { Loaded = loaded, Reload = () => ServerSettingsLoader.Load(files, all), Files = files, Overrides = all, Console = console };
        WebApplication application = ServerHost.Build(start, Predecessor.None);
        try
        {
            await application.Services.GetRequiredService<SiteDirectory>().ApplyAsync(loaded.Settings.Sites, CancellationToken.None);
            await application.StartAsync();
        }
        catch
        {
            await application.DisposeAsync();
            state.Dispose();
            throw;
        }

        return new RunningServer(application, state, start);
    }

    /// <summary>Writes the configuration file anew and has it applied, as SIGHUP does; only if the server was started with one.</summary>
    public async Task ReloadAsync(string hocon)
    {
        await File.WriteAllTextAsync(_start.Files[0], hocon);
        await _reload.Value.ReloadAsync(CancellationToken.None);
    }

    /// <summary>A client that trusts this server's local CA, and nothing else.</summary>
    public HttpClient CreateClient(Version? version = null, X509Certificate2? clientCertificate = null)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, certificate, _, _) => Trusts(certificate) },
        };
        if (clientCertificate is not null)
            handler.SslOptions.ClientCertificates = [clientCertificate];
        return new HttpClient(handler)
        {
            BaseAddress = Https,
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(30),
        };
    }

    public bool Trusts(X509Certificate? certificate)
    {
        if (certificate is not X509Certificate2 leaf)
            return false;
        using X509Certificate2 root = X509CertificateLoader.LoadCertificateFromFile(LocalCa.RootPathIn(LocalCa.FolderIn(Path.Combine(StateDirectory, "state"))));
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(leaf);
    }

    public async Task<IReadOnlyList<ConnectionSnapshot>> ConnectionsAsync() =>
        (await Supervisor.Ask<ConnectionList>(ListConnections.Instance, TimeSpan.FromSeconds(10))).Connections;

    /// <summary>The reference of the actor that owns a connection.</summary>
    public async Task<IReadOnlyList<Obituary>> ObituariesAsync() =>
        (await Supervisor.Ask<ObituaryList>(ListObituaries.Instance, TimeSpan.FromSeconds(10))).Obituaries;

    public Task StopAsync() => _application.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        _state.Dispose();
    }

    private int PortOf(bool tls) => Services.GetRequiredService<Actors443Server>().Listeners.Single((BoundListenerInfo listener) => listener.Tls == tls).EndPoints[0].Port;
}
