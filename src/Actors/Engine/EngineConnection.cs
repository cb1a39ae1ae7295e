using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Admission;
using Actors443.Connections;
using Actors443.Engine.Http2;
using Actors443.ProxyProtocol;
using Actors443.Remoting;
using Actors443.Telemetry;
using Actors443.Tls;
using Actors443.Tunnels.Accounts;
using Actors443.Tunnels.Egress;
using Akka.Actor;

namespace Actors443.Engine;

/// <summary>
/// One connection as its engine moves it: the facts, the counters and the two ways to end it. The engine's data path writes the facts; the
/// owning actor, the supervisor's timer wheel, <c>conns</c> and metrics read them from any thread, a moment late at worst. Requests cost no
/// message: the actor is told only when it must decide something.
/// </summary>
internal abstract partial class EngineConnection : IActorConnectionFeature, IWheelEntry<EngineConnection>
{
    /// <summary>Kestrel without a request has a closed connection off its list in much less.</summary>
    public static readonly TimeSpan HttpPatience = TimeSpan.FromSeconds(5);

    /// <summary>A client that does not say goodbye in turn for so long has had its chance.</summary>
    public static readonly TimeSpan LingeringPatience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A client of HTTP/2 that was told to ask elsewhere, and does not close for so long, is closed. One that heard of GOAWAY and of the end in one breath would fail the request that it was about to send;
    /// one that has time to hear sends it elsewhere, and closes.
    /// </summary>
    public static readonly TimeSpan PartingPatience = TimeSpan.FromSeconds(1);

    // By then its supervisor is gone.
    private static readonly TimeSpan OwnerPatience = TimeSpan.FromSeconds(30);

    private const int InFlightBits = 20;
    private const long InFlightMask = (1L << InFlightBits) - 1;

    private const int AsClient = 0;
    private const int AsNode = 1;
    private const int Left = 2;

    private int _admittedAs;
    private LifecycleRing _events;
    private IActorRef? _owner;
    private TaskCompletionSource? _ownerAwaited;
    private string? _idText;
    private int _stage;
    private int _reason;
    // Requests in flight, and above them all that ever began: threads of an HTTP/2 connection that begin requests at once contend for one number, once.
    private long _requestCounts;
    private long _idleSinceMs;
    private long _handshakeSinceMs;
    private long _awaitsUntilMs;
    private Ja4? _ja4;
    private string? _principal;
    private AccountProof? _proof;
    private long _headersSinceMs;
    private long _drainingSinceMs;
    private long _silenceDueMs;
    private ICarriedProtocol? _carried;
    private bool _aborted;
    private bool _observed;
    private bool _hasOpened;
    private bool _takenOver;

    protected EngineConnection(string listener, IPEndPoint remote, IPEndPoint local, MonotonicClock clock)
    {
        NumericId = ConnectionId.Next();
        Listener = listener;
        Remote = remote;
        Local = local;
        Clock = clock;
        AcceptedAtMs = clock.NowMs;
        _idleSinceMs = AcceptedAtMs;
        _handshakeSinceMs = AcceptedAtMs;
        _events.Append(LifecycleEvent.Accepted, 0);
    }

    public long NumericId { get; }

    public string Id => _idText ??= ConnectionId.ToText(NumericId);

    /// <summary>Name of the listener actor, <c>https-443</c>.</summary>
    public string Listener { get; }

    /// <summary>The client; the proxy in front until that has named it.</summary>
    public IPEndPoint Remote { get; private set; }

    /// <summary>The address the client came to.</summary>
    public IPEndPoint Local { get; private set; }

    /// <summary>The proxy in front, with what it said; null: there is none.</summary>
    public ProxiedConnection? Proxied { get; private set; }

    public MonotonicClock Clock { get; }

    public long AcceptedAtMs { get; }

    public IActorRef Actor => Volatile.Read(ref _owner) ?? ActorRefs.Nobody;

    /// <summary>Null: it does not speak HTTP/2.</summary>
    public Http2Frames? Http2 { get; protected set; }

    /// <summary>Null: nobody traces.</summary>
    public ConnectionTrace? Trace { get; set; }

    /// <summary>Its handshake was completed, whatever came afterwards.</summary>
    public bool HasOpened
    {
        get => Volatile.Read(ref _hasOpened);
        private set => Volatile.Write(ref _hasOpened, value);
    }

    /// <summary>Somebody wants to know when it opens and ends. By its supervisor, before it is owned.</summary>
    public bool IsObserved
    {
        get => Volatile.Read(ref _observed);
        set
        {
            Volatile.Write(ref _observed, value);
            Interlocked.MemoryBarrier();
        }
    }

    /// <summary>Waits for its actor: what is told to <see cref="Actor"/> before is lost. False: nobody has taken it over, and its reason is set.</summary>
    /// <exception cref="OperationCanceledException">It has ended meanwhile.</exception>
    public ValueTask<bool> IsOwnedAsync(CancellationToken ended)
    {
        if (Volatile.Read(ref _owner) is not null)
            return ValueTask.FromResult(true);
        TaskCompletionSource awaited = LazyInitializer.EnsureInitialized(ref _ownerAwaited, static () => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _owner) is not null)
            awaited.TrySetResult();
        return Awaited(awaited.Task);

        async ValueTask<bool> Awaited(Task owned)
        {
            try
            {
                await owned.WaitAsync(OwnerPatience, ended);
                return true;
            }
            catch (TimeoutException)
            {
                SetReason(CloseReason.ActorFailed, "nobody took it over");
                return false;
            }
        }
    }

    /// <summary>The furthest stage the engine has reached; the actor follows.</summary>
    public ConnectionState Stage => (ConnectionState)Volatile.Read(ref _stage);

    /// <summary>The state shown to people: the engine's stage, or what the actor has decided.</summary>
    public ConnectionState State => DrainingSinceMs != 0 && Stage is (ConnectionState.Open or ConnectionState.Upgraded or ConnectionState.Routed) ? ConnectionState.Draining : Stage;

    /// <summary>Ended by <see cref="Abort"/>: there is nobody to say goodbye to.</summary>
    public bool IsAborted => Volatile.Read(ref _aborted);

    public CloseReason Reason => (CloseReason)Volatile.Read(ref _reason);

    /// <summary>More about <see cref="Reason"/>, in words.</summary>
    public string? ReasonDetail { get; private set; }

    public string? ServerName { get; protected set; }

    public SslApplicationProtocol ApplicationProtocol { get; protected set; }

    public SslProtocols TlsVersion { get; protected set; }

    public TlsCipherSuite? CipherSuite { get; protected set; }

    public bool? Resumed { get; protected set; }

    public X509Certificate2? ClientCertificate { get; protected set; }

    /// <summary>What the other side had to say by an alert of TLS (RFC 8446 6.2), on a connection that this side has made; null: nothing.</summary>
    public byte? PeerAlert { get; protected set; }

    public string? Principal
    {
        get => Volatile.Read(ref _principal);
        set
        {
            if (value == Principal)
                return;
            Volatile.Write(ref _principal, value);
            IdentityNamed();
        }
    }

    /// <summary>What its last request was for, as whoever serves it has found, and need not find again for the next; null: nothing is kept. Immutable, for any thread.</summary>
    public object? Asked { get; set; }

    /// <summary>The account for tunnels that its client has proved first; null: none.</summary>
    public AccountProof? Proof
    {
        get => Volatile.Read(ref _proof);
        set
        {
            Volatile.Write(ref _proof, value);
            IdentityNamed();
        }
    }

    /// <summary>TLS bytes received.</summary>
    public long BytesRead { get; protected set; }

    /// <summary>TLS bytes sent.</summary>
    public long BytesWritten { get; protected set; }

    public long Requests => Volatile.Read(ref _requestCounts) >>> InFlightBits;

    public int RequestsInFlight => (int)(Volatile.Read(ref _requestCounts) & InFlightMask);

    /// <summary>When the last request ended (or the connection opened).</summary>
    public long IdleSinceMs => Volatile.Read(ref _idleSinceMs);

    /// <summary>When the first byte of a request came whose headers are not complete; 0: none is under way.</summary>
    public long HeadersSinceMs => Volatile.Read(ref _headersSinceMs);

    /// <summary>Carries a WebSocket or another upgraded protocol.</summary>
    public bool Upgraded => Stage == ConnectionState.Upgraded;

    /// <summary>What it carries instead of HTTP; null: it is HTTP's.</summary>
    public ICarriedProtocol? Carried => Volatile.Read(ref _carried);

    /// <summary>When a client that has said nothing counts as one that waits for the server to speak first; 0: it has spoken, or silence says nothing.</summary>
    public long SilenceDueMs
    {
        get => Volatile.Read(ref _silenceDueMs);
        private set => Volatile.Write(ref _silenceDueMs, value);
    }

    /// <summary>When the actor decided to drain; 0: not draining.</summary>
    public long DrainingSinceMs => Volatile.Read(ref _drainingSinceMs);

    /// <summary>When to abort a draining connection.</summary>
    public long DrainDeadlineMs { get; private set; }

    /// <summary>What the end of a draining connection is reported as, if it comes in time.</summary>
    public CloseReason DrainReason { get; private set; }

    // The supervisor's intrusive links: its thread alone touches them.
    public EngineConnection? WheelNext { get; set; }

    public EngineConnection? WheelPrevious { get; set; }

    public int WheelSlot { get; set; } = -1;

    public EngineConnection? SiblingNext { get; set; }

    public EngineConnection? SiblingPrevious { get; set; }

    /// <summary>The bytes the supervisor saw last and when they last moved: how it notices an idle WebSocket without a clock on the data path.</summary>
    public long SeenBytes { get; set; }

    public long SeenBytesAtMs { get; set; }

    /// <summary>Its server stops, and it was told to end. By its supervisor alone.</summary>
    public bool IsLetGo { get; set; }

    /// <summary>Number of the <see cref="ActorPlace"/> its actors live at.</summary>
    public virtual int Place => 0;

    /// <summary>Connects to where it leads, by what is cheapest from here.</summary>
    public virtual IEgressConnector Egress => SystemEgressConnector.Instance;

    private long SinceAcceptMs => Clock.NowMs - AcceptedAtMs;

    /// <summary>Why it is refused unless it turns out to be a node's; none: it may stay in any case.</summary>
    public CloseReason UnlessNode { get; private set; }

    /// <summary>A node of the cluster: its certificate has been verified, and it speaks nothing but Akka.Remote.</summary>
    public bool IsPeer => ApplicationProtocol == RemotingProtocol.Alpn;

    /// <summary>Runs something where the connection's bytes are written at least cost. Any thread.</summary>
    public virtual void RunNear(Akka.Dispatch.IRunnable work) => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);

    /// <summary>By the engine, before it is anything: its client's limits would refuse it, and it was let in as one that may be a node's.</summary>
    public void EnteredAsNode(CloseReason unless)
    {
        UnlessNode = unless;
        Volatile.Write(ref _admittedAs, AsNode);
    }

    /// <summary>It has proved to be a node's, and is no client's any more. False: it was let in so, or has left.</summary>
    public bool TryBecomeNode() => Interlocked.CompareExchange(ref _admittedAs, AsNode, AsClient) == AsClient;

    /// <summary>By the engine, once, at its end: as a node's, or as its client's.</summary>
    public void Leave(IAcceptGate gate)
    {
        if (Interlocked.Exchange(ref _admittedAs, Left) == AsNode)
            gate.LeaveAsNode();
        else
            gate.Leave(Remote.Address);
    }

    /// <summary>Asks the HTTP layer to finish: HTTP/1.1 closes after the response in flight, HTTP/2 sends GOAWAY. Any thread, at once, idempotent.</summary>
    public abstract void RequestClose();

    /// <summary>From the actor: <see cref="SilenceDueMs"/> has passed. Any thread; without effect on a client that has spoken meanwhile.</summary>
    public virtual void ClientIsSilent()
    {
    }

    /// <summary>By the engine, before the client has spoken.</summary>
    /// <param name="after">How long it must be silent for that to say something; null: silence says nothing.</param>
    public void ExpectSilence(TimeSpan? after)
    {
        if (after is { } span)
            SilenceDueMs = Clock.NowMs + (long)span.TotalMilliseconds;
    }

    /// <summary>By the engine, at the client's first bytes.</summary>
    public void HasSpoken()
    {
        if (SilenceDueMs != 0)
            SilenceDueMs = 0;
    }

    /// <summary>Ends the connection now. Any thread, idempotent.</summary>
    public void Abort(CloseReason reason, string? detail = null)
    {
        SetReason(reason, detail);
        Volatile.Write(ref _aborted, true);
        AbortTransport();
        Carried?.Break();
    }

    /// <summary>
    /// By whoever has taken the transport over from HTTP/1.1 and is done with it: HTTP lets go of a connection only by aborting it, and with this that abort is an end in order:
    /// what was written is sent, then close_notify. Any thread.
    /// </summary>
    public void EndTakeOver(CloseReason reason)
    {
        SetOrderlyReason(reason);
        Volatile.Write(ref _takenOver, true);
    }

    /// <summary>The client has reset it, though whoever reads may see no more than an end.</summary>
    public virtual bool WasCutOff => false;

    /// <summary>HTTP's abort is not one.</summary>
    protected bool EndsAfterTakeOver => Volatile.Read(ref _takenOver);

    /// <summary>Called once, by the supervisor; the actor is then told to catch up with <see cref="Stage"/>.</summary>
    public void AttachOwner(IActorRef owner)
    {
        Volatile.Write(ref _owner, owner);
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _ownerAwaited)?.TrySetResult();
    }

    /// <summary>From the actor: no new requests; the next one to arrive is answered and is the last.</summary>
    public void BeginDrain(long deadlineMs, CloseReason reason = CloseReason.Drained)
    {
        DrainDeadlineMs = deadlineMs;
        DrainReason = reason;
        Volatile.Write(ref _drainingSinceMs, Clock.NowMs);
        Record(LifecycleEvent.DrainRequested);
    }

    /// <summary>The first reason stands: what follows is its consequence.</summary>
    public bool SetReason(CloseReason reason, string? detail = null)
    {
        if (Interlocked.CompareExchange(ref _reason, (int)reason, 0) != 0)
            return false;
        ReasonDetail = detail;
        return true;
    }

    /// <summary>What has happened so far; an event being added at this moment may be missing.</summary>
    public IReadOnlyList<LifecycleEntry> Events => _events.ToList();

    /// <summary>An end in order: by the drain, if there is one.</summary>
    public void SetOrderlyReason(CloseReason reason) => SetReason(DrainingSinceMs != 0 ? DrainReason : reason);

    public void HelloRead(ClientHello hello)
    {
        ServerName = hello.ServerName;
        _ja4 = hello.Ja4;
        Record(LifecycleEvent.ClientHelloRead);
        NoteStage(ConnectionState.HelloRead);
    }

    public void Admitted()
    {
        Record(LifecycleEvent.Admitted);
        NoteStage(ConnectionState.Admitted);
    }

    /// <summary>A trusted proxy has named the client.</summary>
    public void NamedBy(ProxyHeader header)
    {
        Proxied = new ProxiedConnection(Remote, header);
        if (header is not { Source: { } source, Destination: { } destination })
            return;
        Local = destination;
        Remote = source;
    }

    /// <param name="patience">How long it may take; null: as long as the handshake.</param>
    public void DecisionAwaited(TimeSpan? patience)
    {
        if (patience is { } longest)
            Volatile.Write(ref _awaitsUntilMs, Clock.NowMs + (long)longest.TotalMilliseconds);
        Record(LifecycleEvent.DecisionAwaited);
    }

    public void DecisionMade(CloseReason refusal)
    {
        // The time that we took ourselves is not the client's.
        if (Volatile.Read(ref _awaitsUntilMs) != 0)
        {
            Volatile.Write(ref _handshakeSinceMs, Clock.NowMs);
            Volatile.Write(ref _awaitsUntilMs, 0);
        }

        Record(LifecycleEvent.DecisionMade, (ushort)refusal);
    }

    /// <summary>When the handshake must be done that may take so long, as a time of <see cref="Clock"/>.</summary>
    public long HandshakeDueMs(TimeSpan deadline) => Math.Max(Volatile.Read(ref _handshakeSinceMs) + (long)deadline.TotalMilliseconds, Volatile.Read(ref _awaitsUntilMs));

    /// <summary>Its handshake may take so long, whatever the deadline for those of clients is.</summary>
    protected void AllowHandshake(TimeSpan patience) => Volatile.Write(ref _awaitsUntilMs, Clock.NowMs + (long)patience.TotalMilliseconds);

    public void HandshakeStarted()
    {
        Record(LifecycleEvent.HandshakeStarted);
        NoteStage(ConnectionState.Handshaking);
    }

    /// <summary>No byte will move any more.</summary>
    public void Ended()
    {
        Record(LifecycleEvent.TransportClosed, (ushort)Reason);
        AdvanceTo(ConnectionState.Closed);
    }

    public void Record(LifecycleEvent kind, ushort detail = 0) => _events.Append(kind, SinceAcceptMs, detail);

    public void RequestStarted()
    {
        // Others read it: written only if it changes.
        if (Volatile.Read(ref _headersSinceMs) != 0)
            Volatile.Write(ref _headersSinceMs, 0);
        if (Interlocked.Add(ref _requestCounts, (1L << InFlightBits) + 1) >>> InFlightBits == 1)
            Record(LifecycleEvent.RequestStarted);
        if (DrainingSinceMs != 0)
            RequestClose();
    }

    public void RequestCompleted()
    {
        if ((Interlocked.Decrement(ref _requestCounts) & InFlightMask) == 0)
            Volatile.Write(ref _idleSinceMs, Clock.NowMs);
    }

    public void ProtocolUpgraded()
    {
        Record(LifecycleEvent.Upgraded);
        AdvanceTo(ConnectionState.Upgraded);
    }

    /// <summary>It is not HTTP's from now on.</summary>
    public void Carry(ICarriedProtocol carried)
    {
        Volatile.Write(ref _carried, carried);
        bool isRouted = carried.Route is not null;
        Record(isRouted ? LifecycleEvent.Routed : LifecycleEvent.Upgraded);
        AdvanceTo(isRouted ? ConnectionState.Routed : ConnectionState.Upgraded);
    }

    public ConnectionSnapshot Snapshot()
    {
        long now = Clock.NowMs;
        return new ConnectionSnapshot
        {
            Id = Id,
            Listener = Listener,
            State = State,
            Remote = Remote,
            Proxy = Proxied?.Proxy,
            Ja4 = Volatile.Read(ref _ja4)?.ToString(),
            Age = TimeSpan.FromMilliseconds(now - AcceptedAtMs),
            Idle = TimeSpan.FromMilliseconds(RequestsInFlight > 0 ? 0 : now - IdleSinceMs),
            ServerName = ServerName,
            ApplicationProtocol = ApplicationProtocol.Protocol.IsEmpty ? null : ApplicationProtocol.ToString(),
            TlsVersion = TlsVersion == SslProtocols.None ? null : TlsVersion,
            CipherSuite = CipherSuite,
            Resumed = Resumed,
            ClientCertificate = ClientCertificate?.Subject,
            Principal = Principal,
            Route = Carried?.Route,
            Upstream = Carried?.Upstream,
            Requests = Requests,
            RequestsInFlight = RequestsInFlight,
            BytesRead = BytesRead,
            BytesWritten = BytesWritten,
        };
    }

    public Obituary ToObituary() => new(Id, Clock.UtcNow, Remote, Reason, ReasonDetail, Snapshot(), _events.ToList());

    protected abstract void AbortTransport();

    protected void HandshakeCompleted()
    {
        Record(LifecycleEvent.HandshakeCompleted, (ushort)(Resumed == true ? 1 : 0));
        HasOpened = true;
        NoteStage(ConnectionState.Open);
        // Whoever sets it looks at the stage afterwards: one of the two sees the other.
        Interlocked.MemoryBarrier();
        if (IsObserved || ClientCertificate is not null)
            Volatile.Read(ref _owner)?.Tell(StageAdvanced.Instance, ActorRefs.NoSender);
    }

    // Its actor looks whether that is revoked, for whoever revoked it meanwhile may not have seen it here.
    private void IdentityNamed()
    {
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _owner)?.Tell(StageAdvanced.Instance, ActorRefs.NoSender);
    }

    /// <summary>The data path saw bytes arrive; if no request is in flight, they begin one.</summary>
    protected void BytesArrived()
    {
        if (RequestsInFlight == 0 && Stage == ConnectionState.Open && Volatile.Read(ref _headersSinceMs) == 0)
            Volatile.Write(ref _headersSinceMs, Clock.NowMs);
    }

    /// <summary>Moves to a later stage. The actor need not hear of it at once: it catches up when it next has something to decide.</summary>
    protected void NoteStage(ConnectionState stage)
    {
        if (stage == ConnectionState.Open)
            Volatile.Write(ref _idleSinceMs, Clock.NowMs);
        Volatile.Write(ref _stage, (int)stage);
    }

    /// <summary>Moves to a later stage and tells the actor, if there is one yet; if not, it catches up when it is made.</summary>
    protected void AdvanceTo(ConnectionState stage)
    {
        NoteStage(stage);
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _owner)?.Tell(StageAdvanced.Instance, ActorRefs.NoSender);
    }
}
