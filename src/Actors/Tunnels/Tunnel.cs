using System.Net;
using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Tunnels.Accounts;
using Actors443.Tunnels.Targets;
using Akka.Actor;

namespace Actors443.Tunnels;

/// <summary>How a client asks for a tunnel.</summary>
internal enum TunnelMethod
{
    /// <summary>CONNECT (RFC 9110 9.3.6), over HTTP/1.1 or HTTP/2.</summary>
    Connect,

    /// <summary>A WebSocket whose binary messages are the bytes (RFC 6455), over HTTP/1.1 or HTTP/2 (RFC 8441).</summary>
    WebSocket,

    /// <summary>A session that outlives its connections.</summary>
    Session,

    /// <summary>UDP in capsules (RFC 9298), over HTTP/1.1 or HTTP/2.</summary>
    Udp,
}

/// <summary>
/// One tunnel as its relay moves it: the facts, the counters and the way to end it. The relay writes the counters, the owning actor, the supervisor's sweep, lists and
/// metrics read them from any thread, a moment late at worst. A chunk costs no message.
/// </summary>
internal sealed class Tunnel
{
    private static long _last;

    private readonly TaskCompletionSource _owned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IActorRef? _actor;
    private IPEndPoint? _address;
    private Action? _stop;
    private volatile Way _way;
    private long _bytesUp;
    private long _bytesDown;
    private int _reason;
    private bool _clientEnded;

    public Tunnel(AccountProof proof, TunnelTarget target, TunnelMethod method, IPEndPoint client, string connection, MonotonicClock clock)
    {
        Id = "t" + Interlocked.Increment(ref _last).ToString(System.Globalization.CultureInfo.InvariantCulture);
        Proof = proof;
        Target = target;
        Method = method;
        _way = new Way(client, connection);
        Clock = clock;
        StartedAtMs = clock.NowMs;
        SeenAtMs = StartedAtMs;
    }

    /// <summary>Unique in the process.</summary>
    public string Id { get; }

    /// <summary>By what its client has proved its account.</summary>
    public AccountProof Proof { get; }

    public TunnelAccount Account => Proof.Account;

    public TunnelTarget Target { get; }

    public TunnelMethod Method { get; }

    /// <summary>Where it may lead.</summary>
    public TargetPolicy Policy => Method == TunnelMethod.Udp ? Account.UdpTargets : Account.Targets;

    public IPEndPoint Client => _way.Client;

    /// <summary>Id of the connection it came on last.</summary>
    public string Connection => _way.Connection;

    public MonotonicClock Clock { get; }

    public long StartedAtMs { get; }

    /// <summary>What was connected to; null: nothing yet.</summary>
    public IPEndPoint? Address => Volatile.Read(ref _address);

    /// <summary>From the client to the target.</summary>
    public long BytesUp => Volatile.Read(ref _bytesUp);

    /// <summary>From the target to the client.</summary>
    public long BytesDown => Volatile.Read(ref _bytesDown);

    public TunnelEndReason Reason => (TunnelEndReason)Volatile.Read(ref _reason);

    public bool HasEnded => Reason != TunnelEndReason.None;

    public IActorRef Actor => Volatile.Read(ref _actor) ?? ActorRefs.Nobody;

    /// <summary>Completes once it has its actor.</summary>
    public Task Owned => _owned.Task;

    // How the sweep notices an idle tunnel without a clock on the data path: its thread alone touches the two.
    public long SeenBytes { get; set; }

    public long SeenAtMs { get; set; }

    /// <summary>By its actor, as it starts.</summary>
    public void AttachOwner(IActorRef actor)
    {
        Volatile.Write(ref _actor, actor);
        _owned.TrySetResult();
    }

    /// <summary>Its client has come back on another connection.</summary>
    public void Moved(IPEndPoint client, string connection) => _way = new Way(client, connection);

    public void Connected(IPEndPoint address) => Volatile.Write(ref _address, address);

    /// <summary>By the one relay that reads from the client.</summary>
    public void CountUp(long bytes) => Volatile.Write(ref _bytesUp, _bytesUp + bytes);

    /// <summary>By the one relay that reads from the target.</summary>
    public void CountDown(long bytes) => Volatile.Write(ref _bytesDown, _bytesDown + bytes);

    /// <summary>The client has said all; the target may still answer.</summary>
    public bool HasClientEnded => Volatile.Read(ref _clientEnded);

    public void ClientEnded() => Volatile.Write(ref _clientEnded, true);

    /// <summary>What to do when it is ended; done at once if it has been.</summary>
    public void OnEnd(Action stop)
    {
        Volatile.Write(ref _stop, stop);
        Interlocked.MemoryBarrier();
        if (HasEnded)
            stop();
    }

    /// <summary>Ends it. The first reason stands. Any thread, idempotent.</summary>
    public void End(TunnelEndReason reason)
    {
        if (Interlocked.CompareExchange(ref _reason, (int)reason, 0) == 0)
            Volatile.Read(ref _stop)?.Invoke();
    }

    /// <summary>Whether it may go on if its account becomes this.</summary>
    public bool IsAllowedBy(TunnelAccountSettings account) =>
        Address is not { } address
        || new TargetPolicy(Method == TunnelMethod.Udp ? account.AllowUdp : account.Allow, account.PrivateNetworks).Check(Target, address.Address) == AddressVerdict.Allowed;

    private sealed record Way(IPEndPoint Client, string Connection);

    /// <summary>As it is now.</summary>
    public TunnelSnapshot Snapshot() => new()
    {
        Id = Id,
        Account = Account.Name,
        Method = Method,
        Target = Target.ToString(),
        Address = Address,
        Client = Client,
        Connection = Connection,
        Age = TimeSpan.FromMilliseconds(Clock.NowMs - StartedAtMs),
        BytesUp = BytesUp,
        BytesDown = BytesDown,
    };
}

/// <summary>One live tunnel as it was at one moment.</summary>
internal sealed record TunnelSnapshot
{
    public required string Id { get; init; }

    public required string Account { get; init; }

    public required TunnelMethod Method { get; init; }

    /// <summary>As the client asked for it.</summary>
    public required string Target { get; init; }

    /// <summary>What was connected to; null: nothing yet.</summary>
    public IPEndPoint? Address { get; init; }

    public required IPEndPoint Client { get; init; }

    /// <summary>Id of the connection it came on.</summary>
    public required string Connection { get; init; }

    public required TimeSpan Age { get; init; }

    public required long BytesUp { get; init; }

    public required long BytesDown { get; init; }
}
