using Actors443.Hosting;
using Actors443.Samples.Chat;
using Actors443.WebSockets;
using Akka.Actor;
using Akka.Hosting;

WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddAkka("chat", akka => akka
    .WithActors443(options =>
    {
        // dotnet run --project samples/Chat -- --actors443:https.bind=127.0.0.1:8443
        foreach (IConfigurationSection setting in builder.Configuration.GetSection("actors443").GetChildren())
            options.Set(setting.Key, setting.Value!);
    })
    .WithActors((system, registry) => registry.Register<Room>(system.ActorOf(Props.Create<Room>(), "room"))));
builder.WebHost.UseActors443();

WebApplication app = builder.Build();
app.MapGet("/", () => Results.File(Path.Combine(AppContext.BaseDirectory, "chat.html"), "text/html; charset=utf-8"));
app.MapActorWebSocket<Room>("/room");
app.Run();
