namespace Actors443.Tests.Cluster;

/// <summary>An actor system that can be the only node of a cluster.</summary>
public abstract class OneNodeTestKit() : Akka.TestKit.Xunit2.TestKit("""
    akka.actor.provider = cluster
    akka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }
    akka.cluster.distributed-data.gossip-interval = 100ms
    """)
{
    /// <summary>It is up when this completes.</summary>
    protected Task JoinAsync()
    {
        var cluster = Akka.Cluster.Cluster.Get(Sys);
        return cluster.JoinAsync(cluster.SelfAddress);
    }
}
