using Akka.Actor;
using Akka.Cluster.Tools.Singleton;

namespace Actors443.Cluster;

/// <summary>An actor of which there is one in the cluster, on the oldest node that serves. Stateless.</summary>
internal static class ClusterSingleton
{
    private const string Name = "singleton";

    /// <summary>On every node: whoever is the oldest has it below the child of this name.</summary>
    public static IActorRef Start(IActorContext context, Props props, string name) =>
        context.ActorOf(ClusterSingletonManager.Props(props, PoisonPill.Instance, ClusterSingletonManagerSettings.Create(context.System).WithRole(ClusterHocon.Role).WithSingletonName(Name)), name);

    /// <summary>Leads to the one that was started below the same actor under that name, wherever it is.</summary>
    public static IActorRef StartProxy(IActorContext context, string name)
    {
        ClusterSingletonProxySettings akka = ClusterSingletonProxySettings.Create(context.System);
        // It would warn once a second, in the log of a host that has not joined yet.
        var settings = new ClusterSingletonProxySettings(
            Name, ClusterHocon.Role, akka.SingletonIdentificationInterval, akka.BufferSize, akka.ConsiderAppVersion, logSingletonIdentificationFailure: false, akka.SingletonIdentificationFailurePeriod);
        return context.ActorOf(ClusterSingletonProxy.Props(context.Self.Path.ToStringWithoutAddress() + "/" + name, settings), name + "-proxy");
    }
}
