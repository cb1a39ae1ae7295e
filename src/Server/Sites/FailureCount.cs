using System.Runtime.CompilerServices;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace Actors443.Server.Sites;

/// <summary>
/// Leaves a destination alone for the health interval after three failures in a row, and, when it is tried again, after one more. YARP's own policy goes
/// by the rate of failures in a minute, and would take a destination out again for those it had before it recovered.
/// </summary>
internal sealed class FailureCount(IDestinationHealthUpdater health) : IPassiveHealthCheckPolicy
{
    public const string PolicyName = "FailureCount";

    private const int Limit = 3;

    private readonly ConditionalWeakTable<DestinationState, StrongBox<int>> _failures = [];

    public string Name => PolicyName;

    public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination)
    {
        ForwarderError error = context.Features.Get<IForwarderErrorFeature>()?.Error ?? ForwarderError.None;
        StrongBox<int> failures = _failures.GetOrCreateValue(destination);
        if (!IsOfDestination(error))
        {
            // Whether the client went away says nothing of the destination.
            if (error == ForwarderError.None)
                Volatile.Write(ref failures.Value, 0);
            return;
        }

        if (Interlocked.Increment(ref failures.Value) < Limit)
            return;
        Volatile.Write(ref failures.Value, Limit - 1);
        TimeSpan pause = cluster.Model.Config.HealthCheck?.Passive?.ReactivationPeriod ?? TimeSpan.FromSeconds(10);
        health.SetPassive(cluster, destination, DestinationHealth.Unhealthy, pause);
    }

    private static bool IsOfDestination(ForwarderError error) => error
        is ForwarderError.Request
        or ForwarderError.RequestTimedOut
        or ForwarderError.RequestBodyDestination
        or ForwarderError.ResponseHeaders
        or ForwarderError.ResponseBodyDestination
        or ForwarderError.UpgradeRequestDestination
        or ForwarderError.UpgradeResponseDestination;
}
