using System.Net;
using System.Net.Security;
using Actors443.Hosting;
using Actors443.Testing;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>An ASP.NET Core application of somebody else, put together as its author would: <c>AddAkka</c>, <c>WithActors443</c>, <c>UseActors443</c>, and nothing of ours besides.</summary>
internal sealed class EmbeddedHost : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly TemporaryFolder _state;

    private EmbeddedHost(WebApplication application, TemporaryFolder state)
    {
        _application = application;
        _state = state;
    }

    public IServiceProvider Services => _application.Services;

    public ActorSystem System => Services.GetRequiredService<ActorSystem>();

    public Uri Https => new(System.GetActors443Lifecycle().Addresses.Single());

    /// <param name="engine">Its name in HOCON.</param>
    /// <param name="map">The application.</param>
    /// <param name="services">More services.</param>
    /// <param name="akka">More of the actor system.</param>
    /// <param name="options">More settings.</param>
    public static async Task<EmbeddedHost> StartAsync(
        string engine, Action<WebApplication> map, Action<IServiceCollection>? services = null, Action<AkkaConfigurationBuilder>? akka = null, Action<Actors443Options>? options = null)
    {
        var state = new TemporaryFolder();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        services?.Invoke(builder.Services);
        builder.Services.AddAkka("embedded", system =>
        {
            system.AddHocon(Hocon(state), HoconAddMode.Append);
            akka?.Invoke(system);
            system.WithActors443(actors =>
            {
                actors.Set("engine", engine);
                options?.Invoke(actors);
            });
        });
        builder.WebHost.UseActors443();
        WebApplication application = builder.Build();
        map(application);
        try
        {
            await application.StartAsync();
        }
        catch
        {
            await application.DisposeAsync();
            state.Dispose();
            throw;
        }

        return new EmbeddedHost(application, state);
    }

    /// <summary>Free ports of 127.0.0.1, and a state directory of its own.</summary>
    public static string Hocon(TemporaryFolder state) => $$"""
        akka.loglevel = WARNING
        akka.stdout-loglevel = OFF
        actors443 {
          https.bind = ["127.0.0.1:0"]
          http.enabled = off
          state-directory = "{{state.Path}}/state"
          drain.deadline = 5s
        }
        """;

    /// <summary>Trusts whatever certificate there is.</summary>
    public static SocketsHttpHandler CreateTrustingHandler() => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null },
    };

    public HttpClient CreateClient(Version? version = null) => new(CreateTrustingHandler())
    {
        BaseAddress = Https,
        DefaultRequestVersion = version ?? HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = TimeSpan.FromMinutes(2),
    };

    public Task StopAsync() => _application.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        _state.Dispose();
    }
}
