using System.Net;
using Actors443.Server.Load.Sessions;
using Akka.Actor;

namespace Actors443.Server.Load.Cluster;

/// <summary>This process as one of several load nodes: joins, does its share of one run, and ends.</summary>
internal static class LoadNode
{
    /// <param name="coordinator">The node that was started with the scenario.</param>
    /// <param name="listen">Null: the address towards the coordinator, any port.</param>
    /// <param name="ownTarget">See <see cref="LoadNodePlan.OwnTarget"/>.</param>
    /// <param name="tell">A line for the person at this node.</param>
    public static async Task RunAsync(IPEndPoint coordinator, IPEndPoint? listen, bool ownTarget, Action<string> tell, CancellationToken stop)
    {
        using ActorSystem system = LoadCluster.Start(listen ?? new IPEndPoint(LoadCluster.AddressTowards(coordinator), 0), coordinator);
        try
        {
            tell($"joining {coordinator}");
            var plan = new LoadNodePlan(ownTarget, name => new LoadRun(name), tell);
            system.ActorOf(Props.Create(() => new LoadNodeActor(plan)), "node");
            await plan.Ended.Task.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClrExitReason.Instance);
        }
    }
}
