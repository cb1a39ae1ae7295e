using Actors443.Hosting;
using Actors443.Requests;
using Actors443.Samples;
using Actors443.Samples.IotGateway;
using Actors443.Sessions;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Cluster.Sharding;
using Akka.DistributedData;
using Akka.Hosting;

// One node:    dotnet run --project samples/IotGateway
// One of many: dotnet run --project samples/IotGateway -- --node=1, and 2 and 3 in other terminals
WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddAkka("iot", akka => akka
    .WithActors443(options => options.From(builder.Configuration))
    .WithSampleCluster(builder.Configuration, "iot", "devices")
    .WithCustomSerializer("devices", [typeof(IDeviceMessage)], system => new TracingSerializer(system, new SampleSerializer(system, DeviceMessages.Types)))
    // On every node from the first moment: a node that has no devices yet keeps what others know.
    .AddStartup((system, _) => DistributedData.Get(system))
    // A device is an actor on one of the nodes, whichever node its requests come to.
    .WithShardRegion<Device>(
        "devices",
        (_, _, _) => id => Props.Create<Device>(id),
        HashCodeMessageExtractor.Create(100, message => (message as IDeviceMessage)?.Device!, message => message),
        new ShardOptions { Role = "devices", StateStoreMode = StateStoreMode.DData }));
builder.AddDeviceTraces();
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
// Who looks at devices for longer has a session, which goes on by any node: a WebSocket that says ids of devices.
app.MapActorSession("/watch", _ => Props.Create<Watch>(ActorRegistry.For(app.Services.GetRequiredService<ActorSystem>()).Get<Device>()), session => session.Region = "watches");
app.Run();
