using System.Net;
using Actors443.Acme.OnDemand;
using Actors443.Acme.Orders;
using Actors443.Configuration;
using Actors443.Tls.Deciding;
using Akka.Actor;

namespace Actors443.Cluster.Acme;

/// <summary>
/// On a node that does not order, in the place of <see cref="OnDemandActor"/>: has the node that orders decide and order for the handshakes that wait here, and lets them go on when
/// the certificate has come. Asked again while somebody waits, for another node may order by then.
/// </summary>
internal sealed class OnDemandReplicaActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenReports = TimeSpan.FromHours(1);
    private static readonly TimeSpan UntilAskedAgain = TimeSpan.FromSeconds(10);
    private const int LooksBetweenQuestions = 5;
    private const int NamesInReport = 1000;

    private readonly AcmeOnDemandSettings _settings;
    private readonly AcmeParts _parts;
    private readonly OnDemandGate _gate;
    private readonly IActorRef _authority;
    private readonly Dictionary<string, WaitingName> _waiting = [];

    /// <param name="settings">Those in force.</param>
    /// <param name="parts">Of this node.</param>
    /// <param name="authority">Leads to whoever orders.</param>
    public OnDemandReplicaActor(AcmeOnDemandSettings settings, AcmeParts parts, IActorRef authority)
    {
        _settings = settings.Effective;
        _parts = parts;
        _gate = parts.OnDemand;
        _authority = authority;
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _gate.Open(_settings, Self);
        Timers.StartPeriodicTimer(nameof(ReviewNames), ReviewNames.Instance, BetweenReports);
    }

    protected override void PostStop()
    {
        _gate.Open(null, ActorRefs.Nobody);
        foreach (WaitingName waiting in _waiting.Values)
        {
            foreach (HandshakeReply reply in waiting.Replies)
                Refuse(reply, "certificates on demand start anew; try again");
        }
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case CertificateWanted wanted:
                OnWanted(wanted);
                break;
            case CertificateDecided decided:
                OnDecided(decided);
                break;
            case CertificatesPublished:
                foreach (WaitingName waiting in _waiting.Values.Where(waiting => _gate.IsServed(waiting.Name)).ToArray())
                    Accept(waiting, OnDemandOutcome.Served);
                break;
            case ForgetAbandoned:
                OnLook();
                break;
            case ReviewNames:
                foreach (string[] names in _gate.AskedForSince(_parts.Time.GetUtcNow() - BetweenReports - TimeSpan.FromDays(1)).Chunk(NamesInReport))
                    _authority.Tell(new NamesAskedFor(names));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnWanted(CertificateWanted wanted)
    {
        if (!_waiting.TryGetValue(wanted.Name, out WaitingName? waiting))
        {
            if (_waiting.Count >= _settings.NamesAtOnce)
            {
                _gate.Answered();
                _gate.Refuse(wanted.Reply, OnDemandOutcome.Busy, "too many names wait for certificates on demand (certificates.acme.on-demand.names-at-once)");
                return;
            }

            _waiting.Add(wanted.Name, waiting = new WaitingName(wanted.Name, wanted.Client));
            _authority.Tell(new WantCertificate(wanted.Name, wanted.Client.ToString()));
        }

        waiting.Replies.Add(wanted.Reply);
        if (_gate.IsServed(wanted.Name))
            Accept(waiting, OnDemandOutcome.Served);
        else if (!Timers.IsTimerActive(nameof(ForgetAbandoned)))
            Timers.StartPeriodicTimer(nameof(ForgetAbandoned), ForgetAbandoned.Instance, BetweenLooks);
    }

    private void OnDecided(CertificateDecided decided)
    {
        if (!_waiting.TryGetValue(decided.Name, out WaitingName? waiting))
            return;
        if (_gate.IsServed(decided.Name))
            Accept(waiting, OnDemandOutcome.Served);
        else if (decided.IsRefused)
        {
            _gate.RefuseUntil(decided.Name, _parts.Time.GetUtcNow() + (UntilAskedAgain < _settings.RefusedFor ? UntilAskedAgain : _settings.RefusedFor));
            _waiting.Remove(decided.Name);
            foreach (HandshakeReply reply in waiting.Replies)
                Refuse(reply, decided.Detail ?? "the node that orders has none");
        }
        else if (!decided.IsServed)
        {
            _gate.RefuseUntil(decided.Name, _parts.Time.GetUtcNow() + _settings.RefusedFor);
            Accept(waiting, OnDemandOutcome.Denied);
        }
    }

    private void OnLook()
    {
        foreach (WaitingName waiting in _waiting.Values.ToArray())
        {
            int gone = waiting.Replies.RemoveAll(reply => !reply.IsWanted);
            for (int i = 0; i < gone; i++)
            {
                _gate.Answered();
                _parts.Metrics.OnDemand(OnDemandOutcome.Abandoned);
            }

            if (waiting.Replies.Count == 0)
                _waiting.Remove(waiting.Name);
            else if (++waiting.Looks % LooksBetweenQuestions == 0)
                _authority.Tell(new WantCertificate(waiting.Name, waiting.Client.ToString()));
        }

        if (_waiting.Count == 0)
            Timers.Cancel(nameof(ForgetAbandoned));
    }

    private void Accept(WaitingName waiting, OnDemandOutcome outcome)
    {
        _waiting.Remove(waiting.Name);
        foreach (HandshakeReply reply in waiting.Replies)
        {
            _gate.Answered();
            _parts.Metrics.OnDemand(reply.Accept() ? outcome : OnDemandOutcome.Abandoned);
        }
    }

    private void Refuse(HandshakeReply reply, string why)
    {
        _gate.Answered();
        _gate.Refuse(reply, OnDemandOutcome.Failed, why);
    }

    private sealed class WaitingName(string name, IPAddress client)
    {
        public string Name => name;

        public IPAddress Client => client;

        public List<HandshakeReply> Replies { get; } = [];

        public int Looks { get; set; }
    }
}
