using Actors443.Acme.Challenges;
using Actors443.Acme.Dns;
using Actors443.Acme.OnDemand;
using Actors443.Acme.Orders;
using Actors443.Admission;
using Actors443.Admission.Sharing;
using Actors443.Certificates;
using Actors443.Certificates.Ocsp;
using Actors443.Certificates.Revocation;
using Actors443.Cluster.Generations;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Dns;
using Actors443.Engine;
using Actors443.Engine.Quic;
using Actors443.Identities;
using Actors443.Listening.Handover;
using Actors443.Remoting;
using Actors443.Routing;
using Actors443.Telemetry;
using Actors443.Tls;
using Actors443.Tunnels;
using Actors443.Tunnels.Accounts;
using Actors443.Tunnels.Sessions;

namespace Actors443.Supervision;

/// <summary>What the actors of one server share: the published snapshots, the gate, the engine. Made once by dependency injection.</summary>
internal sealed class ServerEnvironment(
    Actors443Settings settings,
    PublishedCertificates certificates,
    PublishedTicketKeys ticketKeys,
    PublishedRevocations revocations,
    RevokedIdentities revoked,
    RevocationMetrics revocationMetrics,
    PublishedStaples staples,
    AdmissionGate gate,
    SharedLimits sharedLimits,
    CertificateCounts certificateCounts,
    ClusterLimitMetrics clusterLimitMetrics,
    ClusterConfiguration clusterConfiguration,
    ClusterConfigurationMetrics clusterConfigurationMetrics,
    ClusterTicketKeyMetrics clusterTicketKeyMetrics,
    TlsFrontEnd frontEnd,
    ConnectionLifetimes lifetimes,
    IConnectionEngine engine,
    Http3Engine http3,
    Http3Offer http3Offer,
    ConnectionMetrics metrics,
    AdmissionMetrics admissionMetrics,
    CertificateMetrics certificateMetrics,
    ChallengeAnswers challenges,
    AcmeMetrics acmeMetrics,
    NameSetStatuses acmeStatuses,
    ConnectionRouter router,
    RemotingDoor nodes,
    TunnelAccounts tunnelAccounts,
    TunnelTable tunnels,
    SessionTable tunnelSessions,
    DnsResolver dns,
    DnsMetrics dnsMetrics,
    Predecessor predecessor,
    ListeningSockets sockets,
    ServerLifecycle lifecycle,
    ILoggerFactory loggers,
    MonotonicClock clock,
    TimeProvider time,
    OnDemandGate onDemand,
    IEnumerable<ICertificatePermission> permissions,
    IDnsChallengeProvider? dnsChallenges = null)
{
    private volatile Actors443Settings _settings = settings;

    /// <summary>The settings in force; replaced whole on a reload.</summary>
    public Actors443Settings Settings => _settings;

    public PublishedCertificates Certificates => certificates;

    public PublishedTicketKeys TicketKeys => ticketKeys;

    public PublishedRevocations Revocations => revocations;

    /// <summary>Who may not come in any more.</summary>
    public RevokedIdentities Revoked => revoked;

    public RevocationMetrics RevocationMetrics => revocationMetrics;

    public PublishedStaples Staples => staples;

    public AdmissionGate Gate => gate;

    /// <summary>Of clients, accounts and certificates: those that nodes of a cluster share.</summary>
    public SharedLimits SharedLimits => sharedLimits;

    /// <summary>Connections by client certificate.</summary>
    public CertificateCounts CertificateCounts => certificateCounts;

    public ClusterLimitMetrics ClusterLimitMetrics => clusterLimitMetrics;

    /// <summary>Where this node stands with what the cluster has decided.</summary>
    public ClusterConfiguration ClusterConfiguration => clusterConfiguration;

    public ClusterConfigurationMetrics ClusterConfigurationMetrics => clusterConfigurationMetrics;

    /// <summary>Held so that its observable instruments live as long as the server.</summary>
    public ClusterTicketKeyMetrics ClusterTicketKeyMetrics => clusterTicketKeyMetrics;

    /// <summary>Of all listeners, as the gate counts them.</summary>
    public HandshakeQueue Handshakes { get; } = new(gate);

    public TlsFrontEnd FrontEnd => frontEnd;

    public ConnectionLifetimes Lifetimes => lifetimes;

    public IConnectionEngine Engine => engine;

    /// <summary>Of the UDP ports.</summary>
    public Http3Engine Http3 => http3;

    public Http3Offer Http3Offer => http3Offer;

    public ConnectionMetrics Metrics => metrics;

    /// <summary>Held so that its observable instruments live as long as the server.</summary>
    public AdmissionMetrics AdmissionMetrics => admissionMetrics;

    public CertificateMetrics CertificateMetrics => certificateMetrics;

    /// <summary>What our ports answer to CAs.</summary>
    public ChallengeAnswers Challenges => challenges;

    public NameSetStatuses AcmeStatuses => acmeStatuses;

    public DnsResolver Dns => dns;

    public DnsMetrics DnsMetrics => dnsMetrics;

    /// <summary>For the actors of ACME.</summary>
    public AcmeParts AcmeParts => new(
        _settings.StateDirectory, challenges, certificates, acmeStatuses, acmeMetrics, time, loggers, dnsChallenges, _settings.Http.Enabled, onDemand, [.. permissions])
    {
        Serving = lifecycle.WaitForAsync(ServerPhase.Running),
    };

    /// <summary>Leads connections to upstreams.</summary>
    public ConnectionRouter Router => router;

    /// <summary>Where the nodes of a cluster come in.</summary>
    public RemotingDoor Nodes => nodes;

    public TunnelAccounts TunnelAccounts => tunnelAccounts;

    /// <summary>The tunnels there are.</summary>
    public TunnelTable Tunnels => tunnels;

    public SessionTable TunnelSessions => tunnelSessions;

    /// <summary>The process that this one replaces.</summary>
    public Predecessor Predecessor => predecessor;

    /// <summary>Those that this process listens on.</summary>
    public ListeningSockets Sockets => sockets;

    public ServerLifecycle Lifecycle => lifecycle;

    public ILoggerFactory Loggers => loggers;

    /// <summary>The clock of every deadline: connections and the supervisors' wheels must agree on it.</summary>
    public MonotonicClock Clock => clock;

    public TimeProvider Time => time;

    public void Replace(Actors443Settings settings) => _settings = settings;
}
