using Actors443.Acme.OnDemand;
using Actors443.Acme.Orders;
using Actors443.Configuration;
using Akka.Actor;

namespace Actors443.Cluster.Acme;

/// <summary>
/// Orders certificates for the whole cluster. There is one, on the oldest node: it begins when its node has what the cluster has agreed on, and goes on with every order at the step
/// where it was left.
/// </summary>
internal sealed class AcmeAuthorityActor : UntypedActor, IWithUnboundedStash, IWithTimers
{
    // Two who take each other for gone must not take terms from each other as fast as they can.
    private static readonly TimeSpan BeforeTakingOverAgain = TimeSpan.FromSeconds(1);

    private readonly IActorRef _node;
    private readonly Func<AcmeSettings> _settings;
    private readonly AcmeParts _parts;
    private IActorRef _orders = ActorRefs.Nobody;
    private int _starts;

    /// <param name="node">What is served on this node.</param>
    /// <param name="settings">Those in force.</param>
    /// <param name="parts">Of this node, with its replication.</param>
    public AcmeAuthorityActor(IActorRef node, Func<AcmeSettings> settings, AcmeParts parts)
    {
        _node = node;
        _settings = settings;
        _parts = parts;
    }

    public IStash Stash { get; set; } = null!;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => _node.Tell(new TakeOver(Self));

    protected override void PostStop() => _node.Tell(StepDown.Instance);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case TookOver when _orders.IsNobody():
                _starts++;
                _orders = Context.Watch(Context.ActorOf(Props.Create<AcmeSupervisor>(_settings, _parts), $"orders-{_starts}"));
                Stash.UnstashAll();
                break;
            case Superseded when !_orders.IsNobody():
                Context.Stop(_orders);
                break;
            case Superseded:
                TakeOverLater();
                break;
            case Terminated gone when gone.ActorRef.Equals(_orders):
                _orders = ActorRefs.Nobody;
                TakeOverLater();
                break;
            case TakeOver takeOver:
                _node.Tell(takeOver);
                break;
            case AcmeCertificatesChanged:
                _node.Forward(message);
                break;
            case ApplyAcmeSettings or CertificatesPublished when _orders.IsNobody():
                // It starts with what is in force then.
                break;
            case RenewCertificate or ExplainCertificate or ObtainCertificate or WantCertificate or NamesAskedFor when _orders.IsNobody():
                Stash.Stash();
                break;
            case ApplyAcmeSettings or CertificatesPublished or RenewCertificate or ExplainCertificate or ObtainCertificate or WantCertificate or NamesAskedFor:
                _orders.Forward(message);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void TakeOverLater() => Timers.StartSingleTimer(nameof(TakeOver), new TakeOver(Self), BeforeTakingOverAgain);
}
