using System.Globalization;
using Actors443.Cluster;
using Actors443.Configuration;
using Actors443.Connections.Directory;
using Actors443.Hosting;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.Bench.Scale;

/// <summary>A node of a cluster, in this process: the product's own, with a logger that counts what it sends.</summary>
internal sealed class ScaleNode : IAsyncDisposable
{
    private const string SystemName = "actors443";

    private readonly WebApplication _application;

    private ScaleNode(WebApplication application) => _application = application;

    public ActorSystem System => _application.Services.GetRequiredService<ActorSystem>();

    public IConnectionDirectory Directory => System.GetConnectionDirectory();

    public static async Task<ScaleNode> StartAsync(int number, int httpsPort, int firstRemotePort, string folder, string secret, string settings)
    {
        int port = firstRemotePort + number;
        Actors443Settings read = Actors443Settings.FromConfig(ConfigurationFactory.ParseString(string.Create(CultureInfo.InvariantCulture, $$"""
            actors443 {
              https.bind = "127.0.0.1:{{httpsPort + number}}"
              http.enabled = off
              event-loop.loops = 1
              deadlines.idle = 10m
              state-directory = "{{folder}}/{{number}}"
              cluster {
                enabled = on
                secret = "{{secret}}"
                bind = "127.0.0.1:{{port}}"
                seed-nodes = ["127.0.0.1:{{firstRemotePort}}", "127.0.0.1:{{firstRemotePort + 1}}"]
              }
              {{settings}}
            }
            """)));
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = SystemName });
        builder.Services.AddActors443(read);
        builder.Services.AddAkka(SystemName, akka => akka
            .ConfigureLoggers(logging =>
            {
                logging.LogLevel = LogLevel.DebugLevel;
                logging.ClearLoggers();
                logging.AddLogger<SentMessages>();
            })
            .AddHocon("akka.remote.log-sent-messages = on", HoconAddMode.Prepend)
            .WithClusterNode(read, SystemName, NullLoggerFactory.Instance)
            .WithActors443(read));
        builder.WebHost.UseActors443();
        WebApplication application = builder.Build();
        application.Run(context => context.Response.WriteAsync("ok"));
        await application.StartAsync();
        return new ScaleNode(application);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }
}
