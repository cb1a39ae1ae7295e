using System.Globalization;
using Actors443.Supervision;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Bench.Soak;

/// <summary>Makes actors of a running server fail, one kind after the other, and writes down which and when. In the server's process.</summary>
internal sealed class CrashInjector(IServiceProvider services, string file, TimeSpan pause, int seed)
{
    /// <summary>Those whose failure costs the requests of connections.</summary>
    public static readonly IReadOnlySet<string> OfConnections = new HashSet<string> { "ConnectionActor", "ConnectionSupervisor", "TunnelActor", "TunnelSupervisor" };

    /// <summary>Begins; ends with the actor system.</summary>
    public void Start() => _ = Task.Run(RunAsync);

    private async Task RunAsync()
    {
        var random = new Random(seed);
        ActorSystem system = services.GetRequiredService<ActorSystem>();
        IActorRef root = await services.GetRequiredService<IRequiredActor<Actors443Supervisor>>().GetAsync();
        var failed = new HashSet<string>();
        while (!system.WhenTerminated.IsCompleted)
        {
            await Task.Delay(pause);
            ILookup<string, IActorRef> kinds = Below(root).ToLookup(actor => KindOf(actor)!);
            string[] left = [.. kinds.Select(kind => kind.Key).Where(kind => !failed.Contains(kind)).Order(StringComparer.Ordinal)];
            if (left.Length == 0)
            {
                failed.Clear();
                continue;
            }

            string next = left[random.Next(left.Length)];
            failed.Add(next);
            IActorRef[] all = [.. kinds[next]];
            IActorRef actor = all[random.Next(all.Length)];
            await File.AppendAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.UtcNow:O} {next} {actor.Path.ToStringWithoutAddress()}\n"));
            actor.Tell(Kill.Instance, ActorRefs.NoSender);
        }
    }

    // Not the root: what is killed there is stopped by Akka, and the server with it.
    private static IEnumerable<IActorRef> Below(IActorRef actor)
    {
        foreach (IInternalActorRef child in (actor as ActorRefWithCell)?.Underlying.ChildrenContainer.Children ?? [])
        {
            if (KindOf(child) is not null)
                yield return child;
            foreach (IActorRef further in Below(child))
                yield return further;
        }
    }

    private static string? KindOf(IActorRef actor) => (actor as ActorRefWithCell)?.Underlying is ActorCell cell ? cell.Props.Type.Name : null;
}
