using Actors443.Hosting;
using Actors443.Requests;
using Actors443.Samples.IotGateway;
using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Cluster.Hosting.SBR;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using Akka.Remote.Hosting;

// One node:      dotnet run --project samples/IotGateway
// A second one:  dotnet run --project samples/IotGateway -- --node:port=2552 --actors443:https.bind=127.0.0.1:9443
WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
int port = builder.Configuration.GetValue("node:port", 2551);
string seed = builder.Configuration.GetValue("node:seed", "127.0.0.1:2551")!;
builder.Services.AddAkka("iot", akka => akka
    .WithActors443(options =>
    {
        foreach (IConfigurationSection setting in builder.Configuration.GetSection("actors443").GetChildren())
            options.Set(setting.Key, setting.Value!);
    })
    .WithRemoting("127.0.0.1", port)
    .WithClustering(new ClusterOptions { SeedNodes = [$"akka.tcp://iot@{seed}"], Roles = ["devices"], SplitBrainResolver = SplitBrainResolverOption.Default })
    .WithCustomSerializer("devices", [typeof(IDeviceMessage)], system => new DeviceSerializer(system))
    // A device is an actor on one of the nodes, whichever node its requests come to.
    .WithShardRegion<Device>(
        "devices",
        (_, _, _) => id => Props.Create<Device>(id),
        HashCodeMessageExtractor.Create(100, message => (message as IDeviceMessage)?.Device!, message => message),
        new ShardOptions { Role = "devices", StateStoreMode = StateStoreMode.DData }));
builder.WebHost.UseActors443();

WebApplication app = builder.Build();
app.MapGet("/nodes", (ActorSystem system) => Akka.Cluster.Cluster.Get(system).State.Members.Count(member => member.Status == Akka.Cluster.MemberStatus.Up));
app.MapActor<Device>("/devices/{id}", route =>
{
    route.Methods = ["GET", "PUT"];
    // What goes to another node are the devices' own messages, both ways.
    route.Envelope = DeviceHttp.ToMessage;
    route.Reply = DeviceHttp.ToReply;
});
app.Run();
