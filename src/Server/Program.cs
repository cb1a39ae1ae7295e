using Actors443.Hosting;
using Actors443.Server.Cli;
using Akka.Hosting;

return await new CommandLine(CommandEnvironment.OfProcess(CommandConsole.OfProcess(), ServeAsync)).InvokeAsync(args);

static async Task<int> ServeAsync(ServerStart start, CancellationToken stop)
{
    WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
    builder.Services.AddActors443(start.Settings.Core);
    builder.Services.AddAkka("actors443", akka => akka.WithActors443(start.Settings.Core));
    builder.WebHost.UseActors443();
    await using WebApplication app = builder.Build();
    app.MapGet("/", () => "Hello, World!");
    await app.RunAsync(stop);
    return 0;
}
