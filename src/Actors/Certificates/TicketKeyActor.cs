using Actors443.Cluster.TicketKeys;
using Actors443.Configuration;
using Actors443.Telemetry;
using Actors443.Tls;
using Akka.Actor;

namespace Actors443.Certificates;

/// <summary>Rotates the keys of session tickets. If it fails, the keys in force go on serving and it begins anew.</summary>
internal sealed class TicketKeyActor(Func<TicketKeySettings> settings, PublishedTicketKeys published, TimeProvider time, ILoggerFactory loggers) : UntypedActor, IWithTimers
{
    // A clock that is set changes when keys are due; it is looked at this often.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Certificates);

    // Null: the keys are this node's own.
    private ClusterTicketKeys? _cluster;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Wait();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case LookAtKeys:
                if (published.Current.RotateAt <= time.GetUtcNow())
                    Rotate();
                Wait();
                break;
            case UseClusterTicketKeys use when settings().SharedSecret is null:
                _cluster = use.Keys;
                UseCluster();
                if (_cluster is not null)
                    _log.ClusterTicketKeys(_cluster.Generation, _cluster.NextDue);
                Wait();
                break;
            case UseClusterTicketKeys:
                // All nodes derive the same already.
                break;
            case ClusterTicketKeysLate late when published.OfCluster.AreAwaited:
                published.OfCluster = ClusterKeysState.Own;
                if (settings().SharedSecret is null)
                    _log.TicketKeysLate(late.After.TotalSeconds);
                break;
            case ClusterTicketKeysLate:
                // They have come.
                break;
            case RotateTicketKeys:
                Rotate();
                Wait();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Rotate()
    {
        // With a secret all nodes derive the same, and need no others.
        if (_cluster is not null && settings().SharedSecret is null)
        {
            UseCluster();
            return;
        }

        published.Publish(published.Current.Next(settings(), time));
        if (published.OfCluster.Generation > 0)
            published.OfCluster = ClusterKeysState.Own;
        _log.TicketKeysRotated(published.Current.Count, published.Current.RotateAt);
    }

    private void UseCluster()
    {
        DateTimeOffset now = time.GetUtcNow();
        if (_cluster!.IsOverdue(now, settings().Rotate))
        {
            // Whoever makes them is gone: better that a client is not resumed elsewhere than a key that lasts for ever.
            _log.TicketKeysOverdue(_cluster.SealingAt(now).SealFrom);
            _cluster = null;
            published.OfCluster = ClusterKeysState.Own;
            Rotate();
            return;
        }

        published.Publish(published.Current.Followed(_cluster.InOrder(now, published.Current), _cluster.NextChange(now, settings().Rotate)));
        published.OfCluster = new ClusterKeysState(_cluster.Generation, AreAwaited: false);
    }

    private void Wait() => Timers.StartSingleTimer(nameof(LookAtKeys), LookAtKeys.Instance, DueTime.Wait(published.Current.RotateAt, time.GetUtcNow(), LongestWait));

    private sealed class LookAtKeys
    {
        public static LookAtKeys Instance { get; } = new();
    }
}

/// <summary>To the ticket key actor: a new key now, for example because the old one may be known to others.</summary>
internal sealed record RotateTicketKeys
{
    public static RotateTicketKeys Instance { get; } = new();
}
