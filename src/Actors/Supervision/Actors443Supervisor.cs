using System.Security.Cryptography;
using Actors443.Acme.Orders;
using Actors443.Admission;
using Actors443.Certificates;
using Actors443.Certificates.Ocsp;
using Actors443.Certificates.Revocation;
using Actors443.Cluster;
using Actors443.Cluster.Acme;
using Actors443.Cluster.Identity;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Dns;
using Actors443.Dns.Upstreams;
using Actors443.Engine;
using Actors443.Identities;
using Actors443.Listening;
using Actors443.Remoting;
using Actors443.Tls;
using Actors443.Tunnels;
using Actors443.Tunnels.Sessions;
using Akka.Actor;

namespace Actors443.Supervision;

/// <summary>To the supervisor: start serving. Answers <see cref="ServingStarted"/> or <see cref="ServingFailed"/>.</summary>
internal sealed record StartServing(ServedApplication Application);

internal sealed record ServingStarted(IReadOnlyList<BoundListenerInfo> Listeners, IReadOnlyList<string> CertificateProblems);

/// <param name="Problem">What is wrong and what to do.</param>
internal sealed record ServingFailed(string Problem, Exception? Cause);

/// <summary>To the supervisor: could these be applied? Changes nothing. Answers <see cref="SettingsChecked"/>.</summary>
internal sealed record CheckSettings(Actors443Settings Settings);

/// <param name="Problems">Why not, one sentence each; empty: they could.</param>
internal sealed record SettingsChecked(IReadOnlyList<string> Problems);

/// <summary>To the supervisor: settings for everything that can change while serving. Answers <see cref="SettingsApplied"/>.</summary>
internal sealed record ApplySettings(Actors443Settings Settings);

/// <param name="InForce">False: nothing was changed.</param>
/// <param name="Problems">Why not; or, if they are in force, what is wrong with certificates.</param>
internal sealed record SettingsApplied(bool InForce, IReadOnlyList<string> Problems);

/// <summary>
/// The root of the tree, <c>/user/actors443</c>. One for one: a part that fails is restarted by itself, and what it had published (certificates,
/// admission counters, bound listeners) serves on meanwhile.
/// </summary>
public sealed class Actors443Supervisor : ReceiveActor
{
    private static readonly TimeSpan StartWithin = TimeSpan.FromMinutes(1);

    // A hundred thousand of them take a minute on two cores.
    private static readonly TimeSpan CertificatesWithin = TimeSpan.FromMinutes(10);

    private readonly ServerEnvironment _environment;
    private readonly IActorRef _certificates;
    private readonly IActorRef _admission;
    private readonly IActorRef _directory;
    private readonly IActorRef _listeners;
    private readonly IActorRef _revocations;
    private readonly IActorRef _revoked;
    private readonly IActorRef _tunnels;
    private readonly IActorRef _tls;
    private readonly IActorRef _dns;
    private readonly string? _clusterProblem;

    internal Actors443Supervisor(ServerEnvironment environment)
    {
        _environment = environment;
        Actors443Settings settings = environment.Settings;
        Func<TicketKeySettings> ticketKeySettings = () => environment.Settings.Certificates.TicketKeys;
        Props ticketKeys = Props.Create<TicketKeyActor>(ticketKeySettings, environment.TicketKeys, environment.Time, environment.Loggers);
        Func<AcmeSettings> acmeSettings = () => environment.Settings.Certificates.Acme;
        _clusterProblem = settings.Cluster.Enabled ? ClusterSupervisor.ProblemOf(Context.System) : null;
        bool isNode = settings.Cluster.Enabled && _clusterProblem is null;
        Props acme = isNode ? Props.Create<AcmeNodeActor>(acmeSettings, environment.AcmeParts, settings.Cluster) : Props.Create<AcmeSupervisor>(acmeSettings, environment.AcmeParts);
        Func<ECDsa>? sharedLocalCa = isNode ? ClusterKeys.Read(settings.Cluster).OpenLocalCa : null;
        Func<CertificateSettings> certificateSettings = () => environment.Settings.Certificates;
        Props ocsp = Props.Create<OcspActor>(certificateSettings, environment.Certificates, settings.StateDirectory, environment.Staples, environment.Engine is Engine.EventLoop.EventLoopEngine, environment.Loggers, environment.Time);
        _certificates = Context.ActorOf(
            CertificateSupervisor.Props(
                () => environment.Settings.Certificates, settings.StateDirectory, environment.Certificates, environment.Loggers, environment.CertificateMetrics, environment.Time, ticketKeys, acme, environment.AcmeStatuses, ocsp, sharedLocalCa),
            ActorNames.Certificates);
        _admission = Context.ActorOf(Props.Create<AdmissionActor>(environment.Gate, LoadSources.ForThisProcess(environment.Gate, environment.Time), environment.Time, environment.Loggers), ActorNames.Admission);
        _directory = Context.ActorOf(Props.Create<ConnectionDirectoryActor>(environment.Lifetimes.Observers, environment.Gate, settings.Obituaries, environment.Time), ActorNames.Directory);
        _directory.Tell(new ListenerConnections(PeerDialer.Name, environment.Nodes.Dialed));
        Func<Actors443Settings> current = () => environment.Settings;
        _revocations = Context.ActorOf(
            Props.Create<RevocationActor>(current, environment.Revocations, environment.FrontEnd, _directory, environment.Loggers, environment.Time), ActorNames.Revocations);
        _tls = Context.ActorOf(Props.Create<TlsPolicyActor>(current, environment.FrontEnd, environment.Metrics, environment.Loggers, environment.Time), ActorNames.Tls);
        Func<DnsSettings> dnsSettings = () => environment.Settings.Dns;
        _dns = Context.ActorOf(Props.Create<DnsSupervisor>(dnsSettings, environment.Dns, environment.DnsMetrics, environment.Clock, environment.Time, environment.Loggers), ActorNames.Dns);
        _listeners = Context.ActorOf(Props.Create<ListenerSupervisor>(environment, _directory), ActorNames.Listeners);
        _tunnels = Context.ActorOf(Props.Create<TunnelSupervisor>(environment.TunnelAccounts, environment.Tunnels, environment.TunnelSessions, environment.Clock, environment.Loggers), ActorNames.Tunnels);
        _revoked = Context.ActorOf(
            Props.Create<RevokedIdentitiesActor>(environment.Revoked, settings.StateDirectory, _directory, _tunnels, environment.RevocationMetrics, environment.Loggers, environment.Time), ActorNames.Revoked);
        if (isNode)
            Context.ActorOf(Props.Create<ClusterSupervisor>(environment, _certificates, _directory, _revoked), ActorNames.Cluster);
        Context.ActorOf(Props.Create<DrainActor>(environment, _listeners, isNode), ActorNames.Drain);

        Receive<StartServing>(start => StartAsync(start).PipeTo(Sender, Self));
        Receive<CheckSettings>(check => Sender.Tell(new SettingsChecked([.. Check(check.Settings.Prepared(_environment.Router.Mapped))])));
        Receive<ApplySettings>(apply => ApplyAsync(apply.Settings).PipeTo(Sender, Self));
        Receive<ListConnections>(_directory.Forward);
        Receive<TellConnection>(_directory.Forward);
        Receive<FindConnections>(_directory.Forward);
        Receive<TellConnections>(_directory.Forward);
        Receive<ListObituaries>(_directory.Forward);
        Receive<AskHistory>(_directory.Forward);
        Receive<ObserveConnections>(_directory.Forward);
        Receive<ListCertificates>(_certificates.Forward);
        Receive<ObtainCertificate>(_certificates.Forward);
        Receive<RenewCertificate>(_certificates.Forward);
        Receive<ExplainCertificate>(_certificates.Forward);
        Receive<GetAdmissionStatus>(_admission.Forward);
        Receive<ChangeIdentity>(_revoked.Forward);
        Receive<ListTunnels>(_tunnels.Forward);
        Receive<KillTunnel>(_tunnels.Forward);
        Receive<OpenSession>(_tunnels.Forward);
    }

    /// <summary>One for one, for ever: there is always a last good state to go on with. With the supervisor of the listeners Akka would restart the connections too, and it has nothing that could be spoilt.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Sender.Equals(_listeners) ? Directive.Resume : Directive.Restart);

    private async Task<object> StartAsync(StartServing start)
    {
        if (_clusterProblem is not null)
            return new ServingFailed(_clusterProblem, null);
        if (await _revoked.Ask<RevokedIdentitiesReady>(AwaitRevokedIdentities.Instance, StartWithin) is { Problem: { } damaged })
            return new ServingFailed(damaged, null);
        CertificatesReady certificates = await _certificates.Ask<CertificatesReady>(AwaitCertificates.Instance, CertificatesWithin);
        // One by ACME is on its way, and needs listeners to be validated.
        if (_environment.Engine.NeedsCertificates && _environment.Certificates.Current.Certificates.Count == 0 && _environment.Settings.Certificates.Acme is { Names.Count: 0, OnDemand.IsOn: false })
        {
            string problems = certificates.Problems.Count == 0 ? "certificates: none is configured and certificates.local-ca is off." : string.Join(Environment.NewLine, certificates.Problems);
            return new ServingFailed(problems, null);
        }

        // Its problems are in the log: whoever needs a list that is missing is refused, everybody else is served.
        await _revocations.Ask<RevocationsReady>(AwaitRevocations.Instance, StartWithin);
        object answer = await _listeners.Ask<object>(new BindListeners(start.Application), StartWithin);
        if (answer is ListenersFailed failed)
            return new ServingFailed(failed.Problem, failed.Cause);
        IReadOnlyList<BoundListenerInfo> bound = ((ListenersBound)answer).Listeners;
        _environment.Nodes.CheckPorts([.. bound.Where(listener => listener.Tls).SelectMany(listener => listener.EndPoints).Select(endPoint => endPoint.Port)]);
        _environment.Lifecycle.Enter(ServerPhase.Running);
        return new ServingStarted(bound, certificates.Problems);
    }

    // Whatever reads a file when it is made: those can be bad though the settings are good.
    private IEnumerable<string> Check(Actors443Settings settings)
    {
        foreach (Action<Actors443Settings> check in (Action<Actors443Settings>[])[_environment.FrontEnd.Check, _environment.Router.Check, wanted => UpstreamFactory.Check(wanted.Dns)])
        {
            string? problem = null;
            try
            {
                check(settings);
            }
            catch (ClientCaException cause)
            {
                problem = cause.Message;
            }

            if (problem is not null)
                yield return problem;
        }
    }

    private async Task<SettingsApplied> ApplyAsync(Actors443Settings settings)
    {
        settings = settings.Prepared(_environment.Router.Mapped);
        // Whatever cannot be used is refused before anything has changed.
        if (Check(settings).ToArray() is { Length: > 0 } problems)
            return new SettingsApplied(false, problems);
        if (await _tls.Ask<TlsSettingsApplied>(new ApplyTlsSettings(settings), StartWithin) is { Problem: { } problem })
            return new SettingsApplied(false, [problem]);

        Actors443Settings former = _environment.Settings;
        _environment.Replace(settings);
        _environment.Lifetimes.Apply(settings.Deadlines, settings.Drain);
        _environment.Gate.Apply(settings.Admission);
        _environment.CertificateCounts.Apply(settings.Admission.PerCertificate);
        _environment.Router.Apply(settings);
        _environment.TunnelAccounts.Apply(settings.Tunnels);
        _tunnels.Tell(TunnelSettingsChanged.Instance, ActorRefs.NoSender);
        _directory.Tell(settings.Obituaries, ActorRefs.NoSender);
        _dns.Tell(new ApplyDnsSettings(settings.Dns), ActorRefs.NoSender);
        _revocations.Tell(LookAtRevocations.Instance, ActorRefs.NoSender);
        // Whoever changes nothing about certificates need not wait until all their files are read.
        if (ReferenceEquals(former.Certificates, settings.Certificates))
            return new SettingsApplied(true, []);
        CertificateSettingsApplied applied = await _certificates.Ask<CertificateSettingsApplied>(new ApplyCertificateSettings(settings.Certificates), CertificatesWithin);
        return new SettingsApplied(true, applied.Problems);
    }
}
