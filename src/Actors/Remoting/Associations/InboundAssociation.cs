using Actors443.Remoting.Frames;
using Actors443.Remoting.Renewal;

namespace Actors443.Remoting.Associations;

/// <summary>An association that another node has begun, whichever of its connections carries it. Thread-safe.</summary>
internal sealed class InboundAssociation(string name, PeerAddress peer, Association association, AcceptedAssociation holder, int generation) : IRenewable
{
    private AcceptedAssociation _holder = holder;
    private volatile int _generation = generation;

    /// <summary>By which the other node asks for it when it comes anew; nobody else knows it.</summary>
    public string Name => name;

    public PeerAddress Peer => peer;

    public Association Association => association;

    public int Generation => _generation;

    /// <summary>By which it comes now.</summary>
    public Engine.EngineConnection Connection => Volatile.Read(ref _holder).Connection;

    /// <summary>Completes when it is over.</summary>
    public Task Over { get; set; } = Task.CompletedTask;

    /// <summary>Another connection carries it from now on, on which both were verified anew; the former one comes to its end.</summary>
    public void MovedTo(AcceptedAssociation holder, int generation)
    {
        _generation = generation;
        Interlocked.Exchange(ref _holder, holder).MovedAway();
    }

    /// <summary>Whoever has connected connects anew.</summary>
    public Task RenewAsync(CancellationToken cancellationToken)
    {
        association.Say(new ControlFrame(ControlKind.Renew));
        return Task.CompletedTask;
    }
}
