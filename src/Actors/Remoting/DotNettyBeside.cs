using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;

namespace Actors443.Remoting;

/// <summary>
/// Akka's DotNetty transport within ours, while a cluster is moved over: whoever does not speak ours yet is reached by it, and comes by it. Both have one address, for Akka.Cluster lets
/// nobody in whose address is of another protocol, and a node is known by the first of its transports alone. Thread-safe.
/// </summary>
internal sealed class DotNettyBeside
{
    private readonly Transport _transport;
    private long _inbound;
    private long _outbound;

    /// <exception cref="ConfigurationException">There is no such transport in this version of Akka.</exception>
    public DotNettyBeside(ActorSystem system)
    {
        Config section = system.Settings.Config.GetConfig(RemotingHocon.DotNetty);
        string? name = section.GetString("transport-class");
        Type type = Type.GetType(name ?? "") ?? throw new ConfigurationException($"{RemotingHocon.DotNetty}.transport-class is '{name}', which is not there; leave it as Akka.Remote has it.");
        _transport = (Transport)Activator.CreateInstance(type, system, section)!;
    }

    /// <summary>Bytes of a message at most.</summary>
    public long MaximumPayload => _transport.MaximumPayloadBytes;

    /// <summary>Associations that others have begun by it.</summary>
    public long Inbound => Volatile.Read(ref _inbound);

    /// <summary>Associations that this node has begun by it.</summary>
    public long Outbound => Volatile.Read(ref _outbound);

    /// <param name="address">Which must be its own.</param>
    /// <param name="listener">Whoever is told of what comes.</param>
    /// <exception cref="ConfigurationException">Its address is another.</exception>
    public async Task ListenAsync(Address address, Task<IAssociationEventListener> listener)
    {
        (Address own, TaskCompletionSource<IAssociationEventListener> its) = await _transport.Listen();
        if (!own.Equals(address))
        {
            await _transport.Shutdown();
            throw RemotingSettings.Wrong("dot-netty", $"is beside, and {RemotingHocon.DotNetty} listens as {own}, where {address} was expected; set its public-hostname and port");
        }

        _ = listener.ContinueWith(ready => its.TrySetResult(new Counting(this, ready.Result)), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    /// <param name="remote">Whom to reach.</param>
    /// <param name="cause">Why not by our own.</param>
    /// <exception cref="InvalidAssociationException">Neither way: why, of both.</exception>
    public async Task<AssociationHandle> AssociateAsync(Address remote, NotSpokenException cause)
    {
        AssociationHandle handle;
        try
        {
            handle = await _transport.Associate(remote);
        }
        catch (Exception other)
        {
            throw new InvalidAssociationException($"{cause.Message}; nor by DotNetty: {other.Message}", other);
        }

        Interlocked.Increment(ref _outbound);
        return handle;
    }

    public Task<bool> CommandAsync(object message) => _transport.ManagementCommand(message);

    public Task EndAsync() => _transport.Shutdown();

    private sealed class Counting(DotNettyBeside beside, IAssociationEventListener listener) : IAssociationEventListener
    {
        public void Notify(IAssociationEvent ev)
        {
            if (ev is InboundAssociation)
                Interlocked.Increment(ref beside._inbound);
            listener.Notify(ev);
        }
    }
}
