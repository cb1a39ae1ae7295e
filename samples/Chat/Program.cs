using Actors443.Hosting;
using Actors443.Samples;
using Actors443.Samples.Chat;
using Actors443.WebSockets;
using Akka.Actor;
using Akka.Hosting;

// One node:    dotnet run --project samples/Chat
// One of many: dotnet run --project samples/Chat -- --node=1, and 2 and 3 in other terminals
WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddAkka("chat", akka => akka
    .WithActors443(options => options.From(builder.Configuration))
    .WithSampleCluster(builder.Configuration, "chat", Room.Role)
    .WithCustomSerializer("room", [typeof(IRoomMessage)], system => new SampleSerializer(system, RoomMessages.Types))
    .WithActors((system, registry) => registry.Register<Room>(system.ActorOf(Props.Create<Room>(), Room.Name))));
builder.WebHost.UseActors443();

WebApplication app = builder.Build();
app.MapGet("/", () => Results.File(Path.Combine(AppContext.BaseDirectory, "chat.html"), "text/html; charset=utf-8"));
app.MapGet("/nodes", (ActorSystem system) => Akka.Cluster.Cluster.Get(system).State.Members.Count(member => member.Status == Akka.Cluster.MemberStatus.Up));
app.MapActorWebSocket<Room>("/room");
app.Run();
