using Actors443.Telemetry;
using Akka.Actor;
using Akka.DistributedData;

namespace Actors443.Cluster.TicketKeys;

/// <summary>Hands the cluster's ticket keys to this node's handshakes whenever there are others.</summary>
/// <param name="register">Where they are.</param>
/// <param name="certificates">The certificate supervisor, which has the ticket key actor.</param>
/// <param name="loggers">Makes the log.</param>
internal sealed class TicketKeyReplicaActor(SealedRegister register, IActorRef certificates, ILoggerFactory loggers) : UntypedActor
{
    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Cluster);

    protected override void PreStart() => DistributedData.Get(Context.System).Replicator.Tell(Dsl.Subscribe(register.Key, Self));

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Changed changed when changed.Get(register.Key) is { Timestamp: > 0 } value:
                if (register.Read(value) is { } plain && ClusterTicketKeys.Decode(plain, value.Timestamp) is { } keys)
                    certificates.Tell(new UseClusterTicketKeys(keys));
                else
                    _log.CannotOpen(register.Purpose, value.Timestamp);
                break;
            default:
                Unhandled(message);
                break;
        }
    }
}
