using System.Collections.Concurrent;
using System.Net;
using Actors443.Admission.Sharing;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Remoting;

namespace Actors443.Admission;

/// <summary>
/// The counters and limits that every connection passes on its way in, on the engine's threads, without locks and, for a client already known,
/// without allocation. The <see cref="AdmissionActor"/> sets the mode and sweeps what is no longer needed; if it fails, the gate works on.
/// </summary>
internal sealed class AdmissionGate : IAcceptGate, ISharedCounts
{
    /// <summary>Connections at once of nodes, and of those that may be some: a cluster has fewer, and who only pretends gets no more of them.</summary>
    private const int MostNodes = 1024;

    /// <summary>The same, while nobody else is let in, of addresses from which no node has come yet.</summary>
    private const int MostUnknown = 64;

    /// <summary>A pause that is over by then has cost nobody more than the wait.</summary>
    private static readonly TimeSpan NodesWait = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly Lock _waiting = new();
    private readonly ConcurrentQueue<(ClientKey Client, ClientRecord Record)> _refused = new();
    private volatile Generation _generation;
    private TaskCompletionSource? _opened;
    private volatile bool _admitsNodes;
    private int _mode;
    private int _connections;
    private int _nodes;
    private int _handshakes;
    private long _bans;
    private long _mailboxLagMs;

    public AdmissionGate(AdmissionSettings settings, TimeProvider time)
    {
        _time = time;
        _origin = time.GetTimestamp();
        _generation = new Generation(settings, new ConcurrentDictionary<ClientKey, ClientRecord>());
    }

    /// <summary>Where other nodes are told of clients that have many connections.</summary>
    public SharedLimits Sharing { get; init; } = new();

    /// <summary>From where nodes of the cluster have come: others from there have their limits and bans, and nodes are let in beside them.</summary>
    public KnownPeers Nodes { get; init; } = new();

    /// <summary>The settings in force.</summary>
    public AdmissionSettings Settings => _generation.Settings;

    /// <summary>Null: nobody looks at memory between samples.</summary>
    public MemoryGuard? Memory { get; private set; }

    /// <summary>Nothing more may be taken on, whatever the samples have said.</summary>
    public bool IsShortOfMemory => Memory?.IsShort == true;

    /// <summary>The mode in force.</summary>
    public AdmissionMode Mode => IsShortOfMemory ? AdmissionMode.Paused : (AdmissionMode)Volatile.Read(ref _mode);

    /// <summary>Connections open now.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Handshakes begun and not ended now.</summary>
    public int Handshakes => Volatile.Read(ref _handshakes);

    /// <summary>How many connections more could come at this moment and be served without delay.</summary>
    public int Credit => Mode == AdmissionMode.Normal ? Math.Max(0, Math.Min(Settings.MaximumConnections - Connections, Settings.MaximumHandshakes - Handshakes)) : 0;

    /// <summary>Clients known now.</summary>
    public int TrackedClients => _generation.Clients.Count;

    /// <summary>Bans so far.</summary>
    public long Bans => Volatile.Read(ref _bans);

    /// <summary>It has been shut for so long that nodes of the cluster are let in, and everybody else is refused at once instead of waiting.</summary>
    public bool IsForNodesAlone => _admitsNodes && !IsOpen;

    string ISharedCounts.Kind => ClientKey.Kind;

    IEnumerable<SharedCount> ISharedCounts.All => _generation.Clients.Select(pair => pair.Value);

    private bool IsOpen => Mode != AdmissionMode.Paused && Connections < _generation.Settings.MaximumConnections;

    private long NowMicros => (long)_time.GetElapsedTime(_origin).TotalMicroseconds;

    /// <summary>From now on memory is looked at as requests come.</summary>
    public AdmissionGate GuardMemory(Func<Func<LoadThreshold>, MemoryGuard> guard)
    {
        Memory = guard(() => Settings.Load.Memory);
        return this;
    }

    /// <summary>Whether memory is short, if it is time to look.</summary>
    public void LookAtMemory()
    {
        if (Memory is null)
            return;
        Memory.LookIfDue(_generation.Settings.Load.Memory);
        if (!Memory.IsShort)
            ReleaseWaiting();
    }

    public ValueTask WaitUntilAcceptingAsync(CancellationToken cancellationToken)
    {
        if (IsOpen)
        {
            if (_admitsNodes)
                _admitsNodes = false;
            return ValueTask.CompletedTask;
        }

        if (_admitsNodes)
            return ValueTask.CompletedTask;
        lock (_waiting)
        {
            if (_opened is null)
            {
                _opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (Nodes.AreExpected)
                    _ = AdmitNodesAsync(_opened);
            }

            var wait = new ValueTask(_opened.Task.WaitAsync(cancellationToken));
            // It may have opened before this wait was there to be told; a leaver counts first and looks for waiters after.
            Interlocked.MemoryBarrier();
            ReleaseIfOpen();
            return wait;
        }
    }

    public CloseReason TryEnter(IPAddress client)
    {
        if (IsForNodesAlone)
            return CloseReason.LoadShed;
        Generation generation = _generation;
        if (!generation.IsExempt(client))
        {
            CloseReason refusal = EnterLimited(generation, client);
            if (refusal != CloseReason.None)
                return refusal;
        }

        Interlocked.Increment(ref _connections);
        Interlocked.Increment(ref _handshakes);
        return CloseReason.None;
    }

    public bool TryEnterAsNode(IPAddress client)
    {
        bool isKnown = Nodes.Contains(client);
        if (!isKnown && !IsForNodesAlone)
            return false;
        if (Interlocked.Increment(ref _nodes) <= (isKnown ? MostNodes : MostUnknown))
        {
            Interlocked.Increment(ref _connections);
            return true;
        }

        Interlocked.Decrement(ref _nodes);
        return false;
    }

    /// <summary>A connection that entered as its client's is a node's: it leaves as that.</summary>
    public void BecomesNode(IPAddress client)
    {
        Interlocked.Increment(ref _nodes);
        Interlocked.Increment(ref _connections);
        Leave(client);
    }

    public void LeaveAsNode()
    {
        Interlocked.Decrement(ref _nodes);
        Interlocked.Decrement(ref _connections);
        ReleaseWaiting();
    }

    public void EnterUnnamed()
    {
        Interlocked.Increment(ref _connections);
        Interlocked.Increment(ref _handshakes);
    }

    public CloseReason TryName(IPAddress client)
    {
        Generation generation = _generation;
        return generation.IsExempt(client) ? CloseReason.None : EnterLimited(generation, client);
    }

    /// <summary>After the ClientHello, before any cryptography: takes from the client's rate of new or of resumed handshakes. Over it, the client is banned.</summary>
    public CloseReason TryHandshake(IPAddress client, bool offersResumption)
    {
        Generation generation = _generation;
        if (generation.IsExempt(client) || !generation.Clients.TryGetValue(generation.KeyOf(client), out ClientRecord? record))
            return CloseReason.None;
        ClientLimitSettings limits = generation.Settings.PerClient;
        double perSecond = offersResumption ? limits.ResumedHandshakesPerSecond : limits.NewHandshakesPerSecond;
        long now = NowMicros;
        if (record.TryTake(offersResumption, perSecond, limits.RateInterval, now))
            return CloseReason.None;
        Ban(record, limits, now);
        return CloseReason.ClientHandshakeRate;
    }

    /// <summary>A connection of the client's was ended for a flood. The third in a short time is a ban.</summary>
    public void Flooded(IPAddress client)
    {
        ClientLimitSettings limits = _generation.Settings.PerClient;
        long now = NowMicros;
        if (Find(client) is { } record && !record.TryFlood(limits.RateInterval, now))
            Ban(record, limits, now);
    }

    private void Ban(ClientRecord record, ClientLimitSettings limits, long now)
    {
        if (record.Ban(now, now + (long)limits.Ban.TotalMicroseconds))
            Interlocked.Increment(ref _bans);
    }

    /// <summary>Once for each connection that entered: its handshake is over, well or not.</summary>
    public void HandshakeEnded(IPAddress client)
    {
        Interlocked.Decrement(ref _handshakes);
        Find(client)?.HandshakeEnded();
    }

    public void Leave(IPAddress client)
    {
        Interlocked.Decrement(ref _connections);
        if (Find(client) is { } record)
        {
            record.Leave(NowMicros);
            Sharing.Changed(record, _generation.Settings.PerClient.Connections);
        }

        ReleaseWaiting();
    }

    // Of whoever waits, only accepting shows who is a node.
    private async Task AdmitNodesAsync(TaskCompletionSource waited)
    {
        await Task.Delay(NodesWait, _time, CancellationToken.None);
        lock (_waiting)
        {
            if (_opened != waited || IsOpen)
                return;
            _admitsNodes = true;
            _opened = null;
        }

        waited.TrySetResult();
    }

    private void ReleaseWaiting()
    {
        if (Volatile.Read(ref _opened) is null)
            return;
        lock (_waiting)
            ReleaseIfOpen();
    }

    public void Withdraw(IPAddress client)
    {
        HandshakeEnded(client);
        Leave(client);
    }

    /// <summary>New limits, for connections to come. If what makes a client changes, the counts of clients begin anew.</summary>
    public void Apply(AdmissionSettings settings)
    {
        Generation before = _generation;
        bool sameClients = settings.PerClient.Ipv4Mask == before.Settings.PerClient.Ipv4Mask && settings.PerClient.Ipv6Mask == before.Settings.PerClient.Ipv6Mask;
        _generation = new Generation(settings, sameClients ? before.Clients : new ConcurrentDictionary<ClientKey, ClientRecord>());
        lock (_waiting)
            ReleaseIfOpen();
    }

    public void SetMode(AdmissionMode mode)
    {
        Volatile.Write(ref _mode, (int)mode);
        lock (_waiting)
            ReleaseIfOpen();
    }

    /// <summary>Forgets clients without connections whose rates and bans have run out.</summary>
    public void Sweep()
    {
        Generation generation = _generation;
        long now = NowMicros;
        bool crowded = generation.Clients.Count > generation.Settings.PerClient.TrackedClients;
        foreach ((ClientKey key, ClientRecord record) in generation.Clients)
        {
            if (record.TryRetire(now, crowded))
                generation.Clients.TryRemove(new KeyValuePair<ClientKey, ClientRecord>(key, record));
        }
    }

    /// <summary>From a connection supervisor: how long a message waited in its mailbox.</summary>
    public void ReportMailboxLag(TimeSpan lag)
    {
        long ms = (long)lag.TotalMilliseconds;
        long seen;
        while (ms > (seen = Volatile.Read(ref _mailboxLagMs)) && Interlocked.CompareExchange(ref _mailboxLagMs, ms, seen) != seen)
        {
            // Another supervisor reported meanwhile.
        }
    }

    /// <summary>The longest lag reported since the last call.</summary>
    public TimeSpan TakeMailboxLag() => TimeSpan.FromMilliseconds(Interlocked.Exchange(ref _mailboxLagMs, 0));

    /// <summary>Who was refused on entering since the last call, how often, and why last. One caller at a time.</summary>
    public IEnumerable<(IPNetwork Client, int Count, CloseReason Last)> TakeRefusals()
    {
        ClientLimitSettings limits = _generation.Settings.PerClient;
        for (int left = _refused.Count; left > 0 && _refused.TryDequeue(out (ClientKey Client, ClientRecord Record) refused); left--)
        {
            (int count, CloseReason last) = refused.Record.TakeRefusals();
            yield return (refused.Client.ToNetwork(limits.Ipv4Mask, limits.Ipv6Mask), count, last);
        }
    }

    /// <summary>How long a client is banned from now; null: it is not.</summary>
    public TimeSpan? BannedFor(IPAddress client) => Find(client)?.BannedFor(NowMicros) is > 0 and var micros ? TimeSpan.FromMicroseconds(micros) : null;

    int ISharedCounts.LimitOf(SharedCount count) => _generation.Settings.PerClient.Connections;

    SharedCount? ISharedCounts.Find(string key, bool make)
    {
        if (ClientKey.Parse(key) is not { } client)
            return null;
        ConcurrentDictionary<ClientKey, ClientRecord> clients = _generation.Clients;
        return make ? clients.GetOrAdd(client, static key => new ClientRecord(key)) : clients.GetValueOrDefault(client);
    }

    private CloseReason EnterLimited(Generation generation, IPAddress client)
    {
        ClientLimitSettings limits = generation.Settings.PerClient;
        ClientKey key = generation.KeyOf(client);
        while (true)
        {
            ClientRecord record = generation.Clients.GetOrAdd(key, static key => new ClientRecord(key));
            if (record.IsBanned(NowMicros))
                return Refused(key, record, CloseReason.ClientBanned);
            switch (record.TryEnter(limits.Connections, limits.UnfinishedHandshakes))
            {
                case EnterResult.Entered:
                    Sharing.Changed(record, limits.Connections);
                    return CloseReason.None;
                case EnterResult.TooManyConnections:
                    return Refused(key, record, CloseReason.ClientConnectionLimit);
                case EnterResult.TooManyHandshakes:
                    return Refused(key, record, CloseReason.ClientHandshakeLimit);
                case EnterResult.Retired:
                    // The sweep is taking it away; the next turn makes a new one.
                    generation.Clients.TryRemove(new KeyValuePair<ClientKey, ClientRecord>(key, record));
                    break;
            }
        }
    }

    private CloseReason Refused(ClientKey client, ClientRecord record, CloseReason reason)
    {
        if (record.Refuse(reason))
            _refused.Enqueue((client, record));
        return reason;
    }

    private ClientRecord? Find(IPAddress client)
    {
        Generation generation = _generation;
        return !generation.IsExempt(client) && generation.Clients.TryGetValue(generation.KeyOf(client), out ClientRecord? record) ? record : null;
    }

    private void ReleaseIfOpen()
    {
        if (!IsOpen)
            return;
        _opened?.TrySetResult();
        _opened = null;
    }

    /// <summary>Whether a client is of one of the networks.</summary>
    public static bool IsExempt(IReadOnlyList<IPNetwork> networks, IPAddress client)
    {
        for (int i = 0; i < networks.Count; i++)
        {
            if (networks[i].Contains(client) || (client.IsIPv4MappedToIPv6 && networks[i].Contains(client.MapToIPv4())))
                return true;
        }

        return false;
    }

    private sealed class Generation(AdmissionSettings settings, ConcurrentDictionary<ClientKey, ClientRecord> clients)
    {
        private readonly IPNetwork[] _exempt = [.. settings.PerClient.Exempt];

        public AdmissionSettings Settings { get; } = settings;

        public ConcurrentDictionary<ClientKey, ClientRecord> Clients { get; } = clients;

        public bool IsExempt(IPAddress client) => AdmissionGate.IsExempt(_exempt, client);

        public ClientKey KeyOf(IPAddress client) => ClientKey.Of(client, Settings.PerClient.Ipv4Mask, Settings.PerClient.Ipv6Mask);
    }
}
