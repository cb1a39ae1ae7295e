using System.Collections.Concurrent;
using Actors443.Identities;
using Actors443.Remoting.Associations;
using Actors443.Remoting.Frames;
using Actors443.Remoting.Identity;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;

namespace Actors443.Remoting;

/// <summary>
/// Akka.Remote over our own connections: made by Akka from <c>akka.remote.actors443</c>. Others connect to the https listeners of Actors443, which hands what is for this system to
/// <see cref="AcceptAsync"/>. Thread-safe.
/// </summary>
#pragma warning disable CA1001 // Nothing waits by its handle.
internal sealed class Actors443Transport : Transport
#pragma warning restore CA1001
{
    private static readonly TimeSpan FarewellWithin = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource<IAssociationEventListener> _listener = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<DialedAssociation, Task> _outbound = new();
    private readonly ConcurrentDictionary<AcceptedAssociation, byte> _inbound = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _log;
    private RemotingDoor? _door;

    /// <summary>Called by Akka by reflection.</summary>
    /// <param name="system">Whose messages it carries.</param>
    /// <param name="config">The section.</param>
    /// <exception cref="ConfigurationException">The section is wrong.</exception>
    public Actors443Transport(ActorSystem system, Config config)
    {
        System = system;
        Config = config;
        RemotingSetup setup = system.Settings.Setup.Get<RemotingSetup>() is { HasValue: true } said ? said.Value : new RemotingSetup();
        _log = setup.LogFor(system);
        Settings = RemotingSettings.Read(config, system.Name);
        if (setup.Validate is { } validate)
            Settings = Settings with { Rules = Settings.Rules with { Validate = validate } };
        SchemeIdentifier = RemotingProtocol.Scheme;
        MaximumPayloadBytes = Settings.MaximumFrame;
        Identity = new IdentitySource(Settings, _log, TimeProvider.System);
        RemotingSystems.Of(setup.Listener ?? system).Add(this);
    }

    public RemotingSettings Settings { get; }

    public IdentitySource Identity { get; }

    public AssociationCounts Counts { get; } = new();

    /// <summary>Associations that this node has begun.</summary>
    public int Outbound => _outbound.Count;

    /// <summary>Associations that others have begun.</summary>
    public int Inbound => _inbound.Count;

    private bool IsStopping => _stopping.IsCancellationRequested;

    /// <summary>The listener takes associations for this system from now on.</summary>
    public void ReachedBy(RemotingDoor door)
    {
        _door = door;
        Identity.Revoked = door.Revoked;
        door.Revoked.Changed += CutRevoked;
        _log.TakesAssociations(Settings.Public.ToString(), RemotingProtocol.Name);
    }

    /// <param name="ports">Those that are listened on: another may lead to one of them, if that was said.</param>
    public void CheckPorts(IReadOnlyCollection<int> ports)
    {
        if (!Settings.IsMapped && !ports.Contains(Settings.Public.Port))
            _log.NoListenerAtPort(Settings.Public.Port, Settings.Public.ToString());
    }

    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen() => Task.FromResult((Settings.Public.ToAddress(RemotingProtocol.Scheme), _listener));

    public override bool IsResponsibleFor(Address remote) => true;

    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        ArgumentNullException.ThrowIfNull(remoteAddress);
        if (IsStopping)
            throw new InvalidAssociationException("this node stops");
        PeerAddress peer = PeerAddress.Of(remoteAddress) ?? throw new InvalidAssociationException($"{remoteAddress} has no host or no port");
        if (Identity.Revoked.Current.Find(Identities.Identity.Principal(peer.ToString())) is { } revoked)
            throw new InvalidAssociationException($"{peer} is revoked on this node: {revoked.Detail}");
        DialedAssociation association;
        try
        {
            association = await DialedAssociation.ConnectAsync(Settings, Identity, peer, Counts, _stopping.Token);
        }
        catch (InvalidAssociationException cause)
        {
            _door?.Metrics.NotAssociated();
            _log.NotAssociated(cause.Message);
            throw;
        }

        if (association.Remote is { } remote)
            _door?.Peers.Learn(remote.Address);
        var handle = new OwnHandle(Settings.Public.ToAddress(RemotingProtocol.Scheme), remoteAddress, association.Association);
        _log.Associated(peer.ToString(), "outbound");
        _outbound[association] = Task.CompletedTask;
        _outbound[association] = CarryAsync(association, handle);
        CutRevoked();
        return handle;
    }

    /// <summary>Somebody who has proved who it is has come for this system. Completes when the association is over; null: Akka does not listen, for it stops.</summary>
    public async Task<OwnHandle?> AcceptAsync(AcceptedAssociation inbound, PeerAddress peer, Association association)
    {
        IAssociationEventListener listener;
        try
        {
            listener = await _listener.Task.WaitAsync(Settings.ConnectTimeout, _stopping.Token);
        }
        catch (Exception cause) when (cause is TimeoutException or OperationCanceledException)
        {
            return null;
        }

        var handle = new OwnHandle(Settings.Public.ToAddress(RemotingProtocol.Scheme), peer.ToAddress(RemotingProtocol.Scheme), association);
        association.Say(new ControlFrame(ControlKind.Welcome, RemotingProtocol.Version, Settings.Public.ToString()));
        _inbound[inbound] = 0;
        _log.Associated(peer.ToString(), "inbound");
        listener.Notify(new InboundAssociation(handle));
        return handle;
    }

    /// <summary>An association that was accepted is over.</summary>
    public void Left(AcceptedAssociation inbound, PeerAddress peer, Association association)
    {
        _inbound.TryRemove(inbound, out _);
        Tell(peer, association);
    }

    /// <summary>Ends the associations that others have begun; completes when they have ended, or have had their time for it.</summary>
    public Task EndInboundAsync(string reason)
    {
        AcceptedAssociation[] all = [.. _inbound.Keys];
        foreach (AcceptedAssociation inbound in all)
            inbound.End(reason);
        return Task.WhenAny(Task.WhenAll(all.Select(inbound => inbound.Over)), Task.Delay(FarewellWithin));
    }

    public override async Task<bool> Shutdown()
    {
        await _stopping.CancelAsync();
        if (_door is { } door)
        {
            door.Revoked.Changed -= CutRevoked;
            door.Remove(this);
        }

        foreach (DialedAssociation outbound in _outbound.Keys)
            outbound.Association.End(ControlKind.Goodbye, "the node stops");
        Task all = Task.WhenAll(_outbound.Values);
        await Task.WhenAny(Task.WhenAll(all, EndInboundAsync("the node stops")), Task.Delay(FarewellWithin));
        foreach (DialedAssociation outbound in _outbound.Keys)
            outbound.Cut();
        return all.IsCompletedSuccessfully;
    }

    private async Task CarryAsync(DialedAssociation association, OwnHandle handle)
    {
        try
        {
            await association.RunAsync(handle);
        }
        catch (Exception cause)
        {
            _log.AssociationFailed(cause, association.Peer.ToString());
        }
        finally
        {
            _outbound.TryRemove(association, out _);
            Tell(association.Peer, association.Association);
        }
    }

    private void Tell(PeerAddress peer, Association association)
    {
        if (association.HasFailed)
            _log.AssociationBroke(peer.ToString(), association.EndedBecause!);
        else
            _log.AssociationEnded(peer.ToString(), association.EndedBecause ?? "Akka has ended the association");
    }

    // Those that others have begun are cut as connections.
    private void CutRevoked()
    {
        RevokedSet revoked = Identity.Revoked.Current;
        if (revoked.All.Count == 0)
            return;
        foreach (DialedAssociation association in _outbound.Keys)
        {
            if ((revoked.Find(association.Certificate) ?? revoked.Find(Identities.Identity.Principal(association.Peer.ToString()))) is not { } identity)
                continue;
            _log.RevokedPeerCut(association.Peer.ToString(), identity.Detail);
            association.Cut();
        }
    }
}
