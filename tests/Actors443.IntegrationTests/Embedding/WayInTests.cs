using System.Net;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Hosting;
using Actors443.Supervision;
using Actors443.Testing;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>The ways into an Akka.NET service: with the host's own server, without any, as its server.</summary>
public sealed class WayInTests
{
    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task A_web_application_is_served(string engine)
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application =>
            application.MapGet("/", (HttpContext context) => context.Features.Get<IActorConnectionFeature>()!.Actor.Path.ToStringWithoutAddress()));
        foreach (Version version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using HttpClient client = host.CreateClient(version);
            Assert.StartsWith("/user/actors443/listeners/", await client.GetStringAsync("/"), StringComparison.Ordinal);
        }

        IActorRef supervisor = await host.Services.GetRequiredService<IRequiredActor<Actors443Supervisor>>().GetAsync();
        Assert.Equal("/user/actors443", supervisor.Path.ToStringWithoutAddress());
        Assert.Equal(host.System.GetActors443Lifecycle().Addresses, host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task A_host_without_a_server_serves_an_application_of_its_own(string engine)
    {
        using var state = new TemporaryFolder();
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.Services.AddSingleton(new Greeting("from the host's services"));
        builder.Services.AddAkka("worker", akka => akka
            .AddHocon(EmbeddedHost.Hocon(state), HoconAddMode.Append)
            .WithActors443(options => options.Set("engine", engine).Serve(application => application
                .UseRouting()
                .UseEndpoints(endpoints => endpoints.MapGet("/greeting", (Greeting greeting) => greeting.Text)))));
        using IHost host = builder.Build();
        await host.StartAsync();
        ServerLifecycle lifecycle = host.Services.GetRequiredService<ActorSystem>().GetActors443Lifecycle();
        using (var client = new HttpClient(EmbeddedHost.CreateTrustingHandler()))
            Assert.Equal("from the host's services", await client.GetStringAsync(new Uri(new Uri(lifecycle.Addresses.Single()), "/greeting")));
        await host.StopAsync();
        Assert.NotEqual(ServerPhase.Running, lifecycle.Phase);
    }

    [Fact]
    public async Task Beside_Kestrel_both_serve()
    {
        using var state = new TemporaryFolder();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAkka("both", akka => akka
            .AddHocon(EmbeddedHost.Hocon(state), HoconAddMode.Append)
            .WithActors443(options => options.Set("engine", TestEngine.Name).Serve(application => application.Run(context => context.Response.WriteAsync("by Actors443")))));
        await using WebApplication host = builder.Build();
        host.MapGet("/", () => "by Kestrel");
        await host.StartAsync();
        using var client = new HttpClient(EmbeddedHost.CreateTrustingHandler());
        Assert.Equal("by Kestrel", await client.GetStringAsync(host.Urls.Single()));
        Assert.Equal("by Actors443", await client.GetStringAsync(host.Services.GetRequiredService<ActorSystem>().GetActors443Lifecycle().Addresses.Single()));
        await host.StopAsync();
    }

    [Fact]
    public async Task Code_wins_over_HOCON_and_both_are_read()
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(
            TestEngine.Name,
            application => application.MapGet("/", () => "Hello"),
            akka: akka => akka.AddHocon("actors443 { deadlines { idle = 7s, headers = 3s, handshake = 4s } }", HoconAddMode.Prepend),
            options: options => options.Set("deadlines.headers", "5s").Configure(settings => settings with { Deadlines = settings.Deadlines with { Handshake = TimeSpan.FromSeconds(6) } }));
        DeadlineSettings deadlines = host.Services.GetRequiredService<ServerEnvironment>().Settings.Deadlines;
        Assert.Equal((TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(6)), (deadlines.Idle, deadlines.Headers, deadlines.Handshake));
    }

    [Fact]
    public async Task Health_checks_are_those_of_Akka_Hosting()
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(
            TestEngine.Name,
            application => application.MapHealthChecks("/healthz"),
            services => services.AddHealthChecks(),
            akka => akka.WithActors443HealthCheck());
        using HttpClient client = host.CreateClient();
        Assert.Equal("Healthy", await client.GetStringAsync("/healthz"));
        HealthCheckService checks = host.Services.GetRequiredService<HealthCheckService>();
        HealthReport report = await checks.CheckHealthAsync(check => check.Tags.Contains("actors443"));
        Assert.Equal(HealthStatus.Healthy, report.Entries["actors443"].Status);

        host.Services.GetRequiredService<ServerEnvironment>().Lifecycle.Enter(ServerPhase.Draining);
        report = await checks.CheckHealthAsync(check => check.Tags.Contains("actors443"));
        Assert.Equal(HealthStatus.Unhealthy, report.Entries["actors443"].Status);
        Assert.Equal("drain: the server is stopping", report.Entries["actors443"].Description);
    }

    [Theory]
    [InlineData("https.bind", "nowhere", "actors443.https.bind")]
    [InlineData("deadlines.idl", "5s", "did you mean 'idle'?")]
    [InlineData("drain.deadline", "soon", "actors443.drain.deadline")]
    public async Task What_is_wrong_in_code_is_named(string key, string value, string said)
    {
        var wrong = await Assert.ThrowsAsync<SettingsException>(() => EmbeddedHost.StartAsync(TestEngine.Name, _ => { }, options: options => options.Set(key, value)));
        Assert.Contains(said, wrong.Message, StringComparison.Ordinal);
        Assert.Contains($"Set(\"{key}\", …)", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_in_HOCON_is_named()
    {
        var wrong = await Assert.ThrowsAsync<SettingsException>(() => EmbeddedHost.StartAsync(
            TestEngine.Name, _ => { }, akka: akka => akka.AddHocon("actors443 { htps.bind = [\"127.0.0.1:0\"] }", HoconAddMode.Prepend)));
        Assert.Contains("unknown key 'actors443.htps'; did you mean 'https'?", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drain_that_comes_too_late_is_named()
    {
        using var state = new TemporaryFolder();
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka("late", akka => akka
            .WithActors443()
            .AddHocon(EmbeddedHost.Hocon(state), HoconAddMode.Append));
        using IHost host = builder.Build();
        Exception wrong = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync());
        Assert.Contains("actors443.drain: is in HOCON added after WithActors443", wrong.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoints_without_routing_say_what_to_add()
    {
        using var state = new TemporaryFolder();
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka("bare", akka => akka
            .AddHocon(EmbeddedHost.Hocon(state), HoconAddMode.Append)
            .WithActors443(options => options.Serve(application => application.UseRouting())));
        using IHost host = builder.Build();
        Exception wrong = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync());
        Assert.Contains("builder.Services.AddRouting()", wrong.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void UseActors443_without_an_actor_system_says_what_to_add()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseActors443();
        var wrong = Assert.Throws<ServerStartException>(() => builder.Build());
        Assert.Contains("AddAkka(", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_applications_are_one_too_many()
    {
        Exception wrong = await Assert.ThrowsAnyAsync<Exception>(() => EmbeddedHost.StartAsync(TestEngine.Name, _ => { }, options: options => options.Serve(_ => { })));
        Assert.Contains("take away either", wrong.ToString(), StringComparison.Ordinal);
    }

    private sealed record Greeting(string Text);
}
