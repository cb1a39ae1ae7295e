using System.Collections.Immutable;
using Actors443.Admission;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Engine.Dialing;
using Actors443.Identities;
using Actors443.Remoting.Associations;
using Actors443.Routing;
using Actors443.Telemetry;
using Actors443.Tls;
using Akka.Actor;

namespace Actors443.Remoting;

/// <summary>Where nodes come in: finds the actor system that one has come for, first by server name, for TLS, and then by the address that it says. Thread-safe.</summary>
internal sealed class RemotingDoor
{
    private ImmutableArray<Actors443Transport> _systems = [];

    public RemotingDoor(RevokedIdentities revoked, KnownPeers peers, AdmissionGate admission, RemotingMetrics metrics)
    {
        Admission = admission;
        Revoked = revoked;
        Peers = peers;
        Metrics = metrics;
        metrics.Observe(this);
    }

    /// <summary>Who may not come in any more.</summary>
    public RevokedIdentities Revoked { get; }

    public AdmissionGate Admission { get; }

    /// <summary>From where nodes have come.</summary>
    public KnownPeers Peers { get; }

    public RemotingMetrics Metrics { get; }

    /// <summary>By what nodes connect to others; null: the server has not begun. Set once, before anything is reached.</summary>
    public PeerDialer? Dialer { get; private set; }

    /// <summary>Asked about the connections that were made by that.</summary>
    public IActorRef Dialed { get; private set; } = ActorRefs.Nobody;

    /// <summary>Those that are reached by this.</summary>
    public ImmutableArray<Actors443Transport> Systems => _systems;

    /// <param name="engine">Makes them.</param>
    /// <param name="dialed">Has the actors that own them.</param>
    public void DialBy(IDialer engine, IActorRef dialed)
    {
        Dialed = dialed;
        Dialer = new PeerDialer(engine, new DialedOwners(dialed));
    }

    public void Add(Actors443Transport transport)
    {
        ImmutableInterlocked.Update(ref _systems, static (systems, added) => systems.Add(added), transport);
        Peers.AreExpected = true;
        transport.ReachedBy(this);
    }

    public void Remove(Actors443Transport transport) => ImmutableInterlocked.Update(ref _systems, static (systems, removed) => systems.Remove(removed), transport);

    /// <summary>Whether a ClientHello is that of a node, and there is somebody for whom it can have come.</summary>
    public bool Takes(ClientHello hello) => !_systems.IsEmpty && RemotingProtocol.IsPeer(hello);

    /// <summary>What such a handshake is answered with.</summary>
    public TlsDecision Decide(ClientHello hello) => SystemOf(hello.ServerName) is { } system
        ? new TlsDecision(CloseReason.None, default, system.Identity.Current.Accepting, null)
        : TlsDecision.Refuse(CloseReason.NoApplicationProtocol, TlsAlert.NoApplicationProtocol, "no actor system is reached by this server");

    /// <summary>Carries what is said on a connection of a node until it is over, and the connection has its reason.</summary>
    public Task ServeAsync(EngineConnection connection, IRoutedClient client) => new AcceptedAssociation(this, connection, client).RunAsync();

    /// <summary>Says which systems the others look for at a port that nobody listens on.</summary>
    /// <param name="ports">Those that are listened on.</param>
    public void CheckPorts(IReadOnlyCollection<int> ports)
    {
        foreach (Actors443Transport system in _systems)
            system.CheckPorts(ports);
    }

    /// <summary>Ends the associations that others have begun, in order; completes when they have ended, or have had their time for it.</summary>
    public Task EndAllAsync(string reason) => Task.WhenAll(_systems.Select(system => system.EndInboundAsync(reason)));

    /// <summary>Whose certificate is shown to those that come for a name; no name, or none that is known: that of the first.</summary>
    public Actors443Transport? SystemOf(string? serverName)
    {
        ImmutableArray<Actors443Transport> systems = _systems;
        foreach (Actors443Transport system in systems)
        {
            if (system.Settings.Public.PlainHost.Equals(serverName, StringComparison.OrdinalIgnoreCase))
                return system;
        }

        return systems.IsEmpty ? null : systems[0];
    }

    /// <summary>Who has this address.</summary>
    public Actors443Transport? SystemAt(PeerAddress address)
    {
        foreach (Actors443Transport system in _systems)
        {
            if (system.Settings.Known.IsSame(address))
                return system;
        }

        return null;
    }
}
