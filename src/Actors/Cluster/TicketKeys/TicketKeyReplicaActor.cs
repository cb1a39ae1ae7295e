using Actors443.Telemetry;
using Akka.Actor;
using Akka.DistributedData;

namespace Actors443.Cluster.TicketKeys;

/// <summary>
/// Hands the cluster's ticket keys to this node's handshakes whenever there are others. A node that joins asks most nodes for them, as it is not ready before it can resume their sessions; if nobody
/// has them for so long, it goes on without.
/// </summary>
/// <param name="register">Where they are.</param>
/// <param name="certificates">The certificate supervisor, which has the ticket key actor.</param>
/// <param name="patience">How long a node that has joined is not ready for want of them.</param>
/// <param name="loggers">Makes the log.</param>
internal sealed class TicketKeyReplicaActor(SealedRegister register, IActorRef certificates, TimeSpan patience, ILoggerFactory loggers) : UntypedActor, IWithTimers
{
    /// <summary>Longer than a majority takes to agree once more.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan AgreeWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(250);

    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Cluster);
    private readonly IActorRef _replicator = DistributedData.Get(Context.System).Replicator;
    private long _generation;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _replicator.Tell(Dsl.Subscribe(register.Key, Self));
        IActorRef self = Self;
        Akka.Cluster.Cluster.Get(Context.System).RegisterOnMemberUp(() => self.Tell(Look.Joined, ActorRefs.NoSender));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Look.Joined:
                Timers.StartSingleTimer(nameof(Look.TooLate), Look.TooLate, patience);
                Ask();
                break;
            case Look.Again when _generation == 0:
                Ask();
                break;
            case Look.TooLate when _generation == 0:
                certificates.Tell(new ClusterTicketKeysLate(patience));
                break;
            case Look:
                break;
            case Changed changed:
                Learn(changed.Get(register.Key));
                break;
            case GetSuccess found:
                Learn(found.Get(register.Key));
                AskLater();
                break;
            case NotFound or DataDeleted or GetFailure:
                AskLater();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Ask() => _replicator.Tell(Dsl.Get(register.Key, new ReadMajority(AgreeWithin)));

    // Whoever makes them may just have begun. After the patience the news of the register is enough.
    private void AskLater()
    {
        if (_generation == 0 && Timers.IsTimerActive(nameof(Look.TooLate)))
            Timers.StartSingleTimer(nameof(Look.Again), Look.Again, AskAgain);
    }

    private void Learn(LWWRegister<string> value)
    {
        if (value.Timestamp <= _generation)
            return;
        if (register.Read(value) is { } plain && ClusterTicketKeys.Decode(plain, value.Timestamp) is { } keys)
        {
            _generation = keys.Generation;
            certificates.Tell(new UseClusterTicketKeys(keys));
        }
        else
        {
            _log.CannotOpen(register.Purpose, value.Timestamp);
        }
    }

    private enum Look
    {
        Joined,
        Again,
        TooLate,
    }
}
