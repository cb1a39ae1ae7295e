using System.Collections.Concurrent;
using System.Diagnostics;
using Actors443.Connections;
using Actors443.Identities;
using Actors443.Remoting.Associations;
using Actors443.Remoting.Frames;
using Actors443.Remoting.Identity;
using Actors443.Remoting.Renewal;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;
using InboundAssociation = Actors443.Remoting.Associations.InboundAssociation;

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

    // Akka begins to connect while the server of the same process is being made.
    private static readonly TimeSpan ServerWithin = TimeSpan.FromSeconds(5);

    private readonly long _madeAt = Stopwatch.GetTimestamp();
    private readonly TaskCompletionSource<PeerDialer> _dialer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource<IAssociationEventListener> _listener = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<DialedAssociation, Task> _outbound = new();
    private readonly ConcurrentDictionary<string, InboundAssociation> _inbound = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _log;
    private readonly Task _renewing = Task.CompletedTask;
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
        Settings = RemotingSettings.Read(config, system.Name, system.Settings.Config.GetConfig(RemotingHocon.DotNetty));
        if (setup.Validate is { } validate)
            Settings = Settings with { Rules = Settings.Rules with { Validate = validate } };
        if (Settings.DotNetty == DotNettyUse.Beside)
            Beside = new DotNettyBeside(system);
        SchemeIdentifier = Settings.Scheme;
        MaximumPayloadBytes = Math.Min(Settings.MaximumFrame, Beside?.MaximumPayload ?? Settings.MaximumFrame);
        Identity = new IdentitySource(Settings, _log, TimeProvider.System);
        RemotingSystems.Of(setup.Listener ?? system).Add(this);
        if (Settings.RehandshakeWithin is not { } within)
            return;
        Renewals = new Renewals(within, Identity, () => [.. _inbound.Values, .. _outbound.Keys], _log, TimeProvider.System);
        _renewing = Renewals.RunAsync(_stopping.Token);
    }

    public RemotingSettings Settings { get; }

    public IdentitySource Identity { get; }

    public AssociationCounts Counts { get; } = new();

    /// <summary>Of associations, after certificates have changed; null: they go on as they are.</summary>
    public Renewals? Renewals { get; }

    /// <summary>While a cluster is moved over: for whoever does not speak ours; null: there is none.</summary>
    public DotNettyBeside? Beside { get; }

    /// <summary>Associations that this node has begun.</summary>
    public int Outbound => _outbound.Count;

    /// <summary>The same, each.</summary>
    public IEnumerable<DialedAssociation> Dialed => _outbound.Keys;

    /// <summary>Associations that others have begun, each.</summary>
    public IEnumerable<InboundAssociation> Accepted => _inbound.Values;

    /// <summary>Associations that others have begun.</summary>
    public int Inbound => _inbound.Count;

    private bool IsStopping => _stopping.IsCancellationRequested;

    /// <summary>The listener takes associations for this system from now on.</summary>
    public void ReachedBy(RemotingDoor door)
    {
        _door = door;
        if (door.Dialer is { } dialer)
            _dialer.TrySetResult(dialer);
        Identity.Revoked = door.Revoked;
        door.Revoked.Changed += CutRevoked;
        _log.TakesAssociations(Settings.Known.ToString(), RemotingProtocol.Name);
    }

    /// <param name="ports">Those that are listened on: another may lead to one of them, if that was said.</param>
    public void CheckPorts(IReadOnlyCollection<int> ports)
    {
        if (!Settings.IsMapped && !ports.Contains(Settings.Public.Port))
            _log.NoListenerAtPort(Settings.Public.Port, Settings.Public.ToString());
    }

    public override async Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        if (Beside is not null)
            await Beside.ListenAsync(Settings.Address, _listener.Task);
        return (Settings.Address, _listener);
    }

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
            try
            {
                association = await DialedAssociation.ConnectAsync(await DialerAsync(), Settings, Identity, peer, Counts, _stopping.Token);
            }
            catch (NotSpokenException cause) when (Beside is not null)
            {
                _log.ByDotNetty(peer.ToString(), cause.Message);
                return await Beside.AssociateAsync(remoteAddress, cause);
            }
        }
        catch (InvalidAssociationException cause)
        {
            _door?.Metrics.NotAssociated();
            _log.NotAssociated(cause.Message);
            throw;
        }

        _door?.Peers.Learn(association.Remote.Address);
        var handle = new OwnHandle(Settings.Address, remoteAddress, association.Association);
        _log.Associated(peer.ToString(), "outbound");
        association.Association.RenewalWanted = () => _ = RenewAsync(association);
        _outbound[association] = Task.CompletedTask;
        _outbound[association] = CarryAsync(association, handle);
        CutRevoked();
        return handle;
    }

    /// <summary>Somebody who has proved who it is has come for this system; null: Akka does not listen, for it stops.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="association">With it.</param>
    /// <param name="name">Of that.</param>
    public async Task<OwnHandle?> AcceptAsync(PeerAddress peer, Association association, string name)
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

        var handle = new OwnHandle(Settings.Address, peer.ToAddress(Settings.Scheme), association);
        association.Say(new ControlFrame(ControlKind.Welcome, RemotingProtocol.Version, Settings.Known.ToString(), name));
        _log.Associated(peer.ToString(), "inbound");
        listener.Notify(new Akka.Remote.Transport.InboundAssociation(handle));
        return handle;
    }

    /// <summary>An association that was accepted, until it is over; by whichever of its connections.</summary>
    public async Task CarryAsync(InboundAssociation inbound, OwnHandle handle)
    {
        _inbound[inbound.Name] = inbound;
        try
        {
            await inbound.Association.RunAsync(handle.ReadHandlerSource.Task, body =>
            {
                HandshakePdu.Check(body, inbound.Peer, Settings.Scheme);
                return false;
            });
        }
        finally
        {
            _inbound.TryRemove(inbound.Name, out _);
            Tell(inbound.Peer, inbound.Association);
        }
    }

    /// <summary>An association that was accepted and is not over; null: there is none of that name.</summary>
    public InboundAssociation? Find(string name) => _inbound.GetValueOrDefault(name);

    /// <summary>Ends the associations that others have begun; completes when they have ended, or have had their time for it.</summary>
    public Task EndInboundAsync(string reason)
    {
        InboundAssociation[] all = [.. _inbound.Values];
        foreach (InboundAssociation inbound in all)
            inbound.Association.End(ControlKind.Goodbye, reason);
        return Task.WhenAny(Task.WhenAll(all.Select(inbound => inbound.Over)), Task.Delay(FarewellWithin));
    }

    public override Task<bool> ManagementCommand(object message) => Beside?.CommandAsync(message) ?? base.ManagementCommand(message);

    public override async Task<bool> Shutdown()
    {
        await _stopping.CancelAsync();
        await _renewing;
        if (_door is { } door)
        {
            door.Revoked.Changed -= CutRevoked;
            door.Remove(this);
        }

        foreach (DialedAssociation outbound in _outbound.Keys)
            outbound.Association.End(ControlKind.Goodbye, "the node stops");
        Task all = Task.WhenAll([.. _outbound.Values, Beside?.EndAsync() ?? Task.CompletedTask]);
        await Task.WhenAny(Task.WhenAll(all, EndInboundAsync("the node stops")), Task.Delay(FarewellWithin));
        foreach (DialedAssociation outbound in _outbound.Keys)
            outbound.Cut(CloseReason.ServerClosed, "the node stops");
        return all.IsCompletedSuccessfully;
    }

    // An actor system may have no server at all: it waits once.
    private async Task<PeerDialer> DialerAsync()
    {
        TimeSpan left = ServerWithin - Stopwatch.GetElapsedTime(_madeAt);
        if (!_dialer.Task.IsCompleted && left > TimeSpan.Zero)
            await Task.WhenAny(_dialer.Task, Task.Delay(left, _stopping.Token));
        return _dialer.Task.IsCompleted ? await _dialer.Task : PeerDialer.WithoutServer;
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

    // The other side wants it, by its own change of certificates.
    private async Task RenewAsync(DialedAssociation association)
    {
        // Whoever has read that is on the loop of the connection, which is no place for looking at files.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await association.RenewAsync(_stopping.Token);
        }
        catch (InvalidAssociationException cause)
        {
            _log.NotRenewed(association.Peer.ToString(), cause.Message);
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
            association.Cut(CloseReason.Revoked, identity.Detail);
        }
    }
}
