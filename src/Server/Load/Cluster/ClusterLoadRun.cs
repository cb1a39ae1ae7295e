using System.Net;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Sessions;
using Akka.Actor;
using LoadSettings = Actors443.Server.Load.Settings.LoadSettings;

namespace Actors443.Server.Load.Cluster;

/// <summary>A run over several load nodes, of which this one is the coordinator and does its share like the others.</summary>
/// <param name="listen">Address that the other nodes reach it by.</param>
/// <param name="nodes">How many take part, this one included.</param>
/// <param name="texts">The scenario and its options, as the other nodes read them.</param>
/// <param name="tell">A line for the person who waits.</param>
internal sealed class ClusterLoadRun(IPEndPoint listen, int nodes, IReadOnlyList<string> texts, Action<string> tell) : ILoadRun
{
    public async Task RunAsync(LoadSettings settings, Action<IntervalSample> sample, CancellationToken stop)
    {
        using ActorSystem system = LoadCluster.Start(listen, seed: null);
        try
        {
            await RunAsync(system, settings, sample, stop);
        }
        finally
        {
            await CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClrExitReason.Instance);
        }
    }

    private async Task RunAsync(ActorSystem system, LoadSettings settings, Action<IntervalSample> sample, CancellationToken stop)
    {
        IPEndPoint address = LoadCluster.AddressOf(system);
        // Two nodes count at the same time, and a sample is one call at a time.
        var gate = new Lock();
        void Sample(IntervalSample counted)
        {
            lock (gate)
                sample(counted);
        }

        var run = new CoordinatedRun(
            texts, nodes, Sample, missing => tell($"waiting for {missing} more load node{(missing == 1 ? "" : "s")}; on each: actors443 load --join {address}"));
        IActorRef coordinator = system.ActorOf(Props.Create(() => new LoadCoordinatorActor(run)), LoadCluster.CoordinatorName);
        await using (stop.UnsafeRegister(_ => coordinator.Tell(new StopAll()), null))
        {
            try
            {
                await run.Started.Task;
            }
            catch (OperationCanceledException)
            {
                // Stopped while it waited: nothing has run.
                return;
            }

            await new LoadRun(address.ToString()).RunAsync(LoadShare.Of(settings, 0, nodes), Sample, stop);
            coordinator.Tell(new OwnShareEnded());
            await run.Ended.Task;
        }
    }
}
