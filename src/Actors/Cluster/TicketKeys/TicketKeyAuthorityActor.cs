using System.Security.Cryptography;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.DistributedData;

namespace Actors443.Cluster.TicketKeys;

/// <summary>
/// Makes the ticket keys of the cluster. There is one, on the oldest node; if that node goes, another goes on from the last generation. A key is sent an interval before it seals, so
/// nobody waits for it, and a majority that cannot be reached delays nothing but that.
/// </summary>
internal sealed class TicketKeyAuthorityActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan AgreeWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    // A clock that is set changes when a key is due; it is looked at this often.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    private readonly Func<TicketKeySettings> _settings;
    private readonly SealedRegister _register;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Akka.Cluster.UniqueAddress _node;
    private readonly IActorRef _replicator;
    private ClusterTicketKeys? _keys;

    public TicketKeyAuthorityActor(Func<TicketKeySettings> settings, SealedRegister register, TimeProvider time, ILoggerFactory loggers)
    {
        _settings = settings;
        _register = register;
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Cluster);
        _node = Akka.Cluster.Cluster.Get(Context.System).SelfUniqueAddress;
        _replicator = DistributedData.Get(Context.System).Replicator;
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => AskForLast();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case GetSuccess found:
                GoOnFrom(found.Get(_register.Key));
                break;
            case NotFound or DataDeleted:
                Publish(ClusterTicketKeys.First(_time.GetUtcNow(), _settings().Rotate));
                break;
            case GetFailure:
                // Most nodes cannot be asked; a key made now could be one of two.
                _log.NotAgreed(_register.Purpose, "most nodes do not answer");
                Timers.StartSingleTimer(nameof(AskForLast), Look.AskForLast, AskAgain);
                break;
            case Look.AskForLast:
                AskForLast();
                break;
            case Look.AtKeys:
                LookAtKeys();
                break;
            case UpdateTimeout:
                _log.NotAgreed(_register.Purpose, "most nodes do not answer");
                break;
            case ModifyFailure failure:
                _log.NotAgreed(_register.Purpose, failure.Cause.Message);
                break;
            case UpdateSuccess:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void AskForLast() => _replicator.Tell(Dsl.Get(_register.Key, new ReadMajority(AgreeWithin)));

    private void GoOnFrom(LWWRegister<string> register)
    {
        if (_register.Read(register) is { } plain && ClusterTicketKeys.Decode(plain, register.Timestamp) is { } keys)
        {
            _keys = keys;
            LookAtKeys();
        }
        else
        {
            if (register.Value.Length > 0)
                _log.CannotOpen(_register.Purpose, register.Timestamp);
            Publish(ClusterTicketKeys.First(_time.GetUtcNow(), _settings().Rotate) with { Generation = register.Timestamp + 1 });
        }
    }

    private void LookAtKeys()
    {
        DateTimeOffset now = _time.GetUtcNow();
        TicketKeySettings settings = _settings();
        if (_keys!.NextDue <= now)
            Publish(_keys.Next(now, settings.Rotate, settings.Keep));
        else
            Wait();
    }

    private void Publish(ClusterTicketKeys keys)
    {
        _keys = keys;
        byte[] plain = keys.Encode();
        _replicator.Tell(Dsl.Update(_register.Key, SealedRegister.Empty(_node), new WriteMajority(AgreeWithin), _register.Write(_node, keys.Generation, plain)));
        // This node is not ready before it has them.
        _replicator.Tell(FlushChanges.Instance);
        CryptographicOperations.ZeroMemory(plain);
        Wait();
    }

    private void Wait() => Timers.StartSingleTimer(nameof(LookAtKeys), Look.AtKeys, DueTime.Wait(_keys!.NextDue, _time.GetUtcNow(), LongestWait));

    private enum Look
    {
        AskForLast,
        AtKeys,
    }
}
