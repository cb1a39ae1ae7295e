using System.Globalization;
using Actors443.Requests;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Actors443.Bench;

/// <summary>A request told to an actor and its answer: by <c>MapActor</c>, by a handler that does the same with <c>Ask</c>, and by one that asks no actor. No sockets: the handlers are called as they are.</summary>
internal static class ActorRequestCost
{
    private const int Requests = 200_000;
    private const int AtOnce = 64;
    private static readonly ActorReply Reply = ActorReply.Text("Hello, World!");
    private static readonly string[] Kinds = ["direct", "ask", "actor"];

    public static async Task<int> RunAsync(int rounds)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka("bench", akka => akka.AddHocon("akka.loglevel = WARNING", HoconAddMode.Append));
        await using WebApplication application = builder.Build();
        ActorSystem system = application.Services.GetRequiredService<ActorSystem>();
        IActorRef actor = system.ActorOf(Props.Create<Answerer>());
        application.Map("/direct", context => WriteAsync(context, Reply));
        application.Map("/ask", async context =>
            await WriteAsync(context, await actor.Ask<ActorReply>(RequestReading.Message(context, default, false), TimeSpan.FromSeconds(20), context.RequestAborted)));
        application.MapActor("/actor", actor);
        Dictionary<string, RequestDelegate> handlers = ((IEndpointRouteBuilder)application).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .ToDictionary(endpoint => endpoint.RoutePattern.RawText![1..], endpoint => endpoint.RequestDelegate!);
        var costs = Kinds.ToDictionary(kind => kind, _ => new List<(double Microseconds, double Bytes)>());
        for (int round = -1; round < rounds; round++)
        {
            foreach (string kind in Kinds)
            {
                (double Microseconds, double Bytes) cost = await MeasureAsync(handlers[kind], application.Services);
                if (round >= 0)
                    costs[kind].Add(cost);
            }
        }

        (double Microseconds, double Bytes) direct = Median(costs["direct"]);
        foreach (string kind in Kinds)
        {
            (double microseconds, double bytes) = Median(costs[kind]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind,-8} {microseconds,6:0.00} us of CPU, {bytes,6:0} bytes a request"));
        }

        (double ask, double askBytes) = Median(costs["ask"]);
        (double told, double toldBytes) = Median(costs["actor"]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"MapActor / Ask: {told / ask:0.00} of the CPU, {toldBytes / askBytes:0.00} of the bytes; above direct {(told - direct.Microseconds) / (ask - direct.Microseconds):0.00} and {(toldBytes - direct.Bytes) / (askBytes - direct.Bytes):0.00}"));
        await system.Terminate();
        return 0;
    }

    private static async Task<(double Microseconds, double Bytes)> MeasureAsync(RequestDelegate handler, IServiceProvider services)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long bytes = GC.GetTotalAllocatedBytes(true);
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < Requests / AtOnce; i++)
            {
                var context = new DefaultHttpContext { RequestServices = services };
                context.Request.Method = "GET";
                context.Request.Path = "/orders/42";
                context.Request.ContentLength = 0;
                context.Request.Headers.Host = "localhost";
                context.Request.Headers.UserAgent = "bench";
                await handler(context);
            }
        })));
        return ((Environment.CpuUsage.TotalTime - before).TotalMicroseconds / Requests, (double)(GC.GetTotalAllocatedBytes(true) - bytes) / Requests);
    }

    private static (double Microseconds, double Bytes) Median(List<(double Microseconds, double Bytes)> costs) =>
        (costs.Select(cost => cost.Microseconds).Order().ElementAt(costs.Count / 2), costs.Select(cost => cost.Bytes).Order().ElementAt(costs.Count / 2));

    private static async Task WriteAsync(HttpContext context, ActorReply reply)
    {
        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType;
        context.Response.ContentLength = reply.Body.Length;
        await context.Response.BodyWriter.WriteAsync(reply.Body);
    }

    private sealed class Answerer : ActorBase
    {
        protected override bool Receive(object message)
        {
            Sender.Tell(Reply, Self);
            return true;
        }
    }
}
