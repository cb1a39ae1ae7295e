using System.Diagnostics.Metrics;
using System.Net;
using Actors443.Certificates.Ocsp;
using Actors443.Configuration;
using Actors443.Engine.Dialing;
using Actors443.Engine.EventLoop.Http2;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Engine.EventLoop.Tls;
using Actors443.Engine.Portable;
using Actors443.Listening.Handover;
using Actors443.Telemetry;
using Actors443.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Actors443.Engine.EventLoop;

/// <summary>Event loops with epoll and OpenSSL under Kestrel's HTTP code. Linux with OpenSSL 3. Listeners without TLS are served by the portable engine.</summary>
internal sealed class EventLoopEngine : IConnectionEngine
{
    /// <summary>A loop with so many more connections than another, and an eighth more, gives new ones away.</summary>
    private const int Imbalance = 32;

    /// <summary>Bytes. OpenSSL frees what it allocated for a handshake all at once.</summary>
    private const int FreeMemoryKept = 16 * 1024 * 1024;

    private readonly EventLoopSettings _settings;
    private readonly PublishedTicketKeys _ticketKeys;
    private readonly PublishedStaples _staples;
    private readonly KeyLogFile? _keyLog;
    private readonly PortableEngine _portable;
    private readonly ListeningSockets _sockets;
    private readonly ConnectionMetrics _metrics;
    private readonly IMeterFactory _meters;
    private readonly ILoggerFactory _loggers;
    private readonly MonotonicClock _clock;
    private readonly TimeProvider _time;
    private readonly ConnectionLoop[] _loops;
    private readonly LoopWatchdog _watchdog;
    private readonly ILogger _log;

    /// <summary>TLS sessions of OpenSSL that exist now; changed with <see cref="Interlocked"/>.</summary>
    public int Sessions;

    public EventLoopEngine(EventLoopSettings settings, PublishedTicketKeys ticketKeys, PublishedStaples staples, KeyLogFile? keyLog, PortableEngine portable, ListeningSockets sockets, ConnectionMetrics metrics, IMeterFactory meters, ILoggerFactory loggers, MonotonicClock clock, TimeProvider time)
    {
        _settings = settings;
        _ticketKeys = ticketKeys;
        _staples = staples;
        _keyLog = keyLog;
        _portable = portable;
        _sockets = sockets;
        _metrics = metrics;
        _meters = meters;
        _loggers = loggers;
        _clock = clock;
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Listening);
        LibC.KeepFreeMemory(FreeMemoryKept);
        _loops = [.. Enumerable.Range(0, settings.Loops ?? Environment.ProcessorCount).Select(index => new ConnectionLoop(index))];
        foreach (ConnectionLoop loop in _loops)
        {
            loop.Loop.OnFault = cause => _log.LoopFault(cause, loop.Loop.Name);
            loop.Start();
            if (settings.Scheduling == LoopScheduling.Batch)
                loop.Loop.Post(new LoopWork(() => UseBatchScheduling(loop.Loop.Name)));
        }

        Places = [.. _loops.Select(loop => loop.Place)];
        _watchdog = new LoopWatchdog(_loops, settings.BlockedAfter, meters, loggers, time);
        Meter meter = Actors443Meter.Create(meters);
        meter.CreateObservableUpDownCounter("actors443.tls.sessions", () => Volatile.Read(ref Sessions), "{session}", "TLS sessions of OpenSSL that exist now.");
        meter.CreateObservableUpDownCounter(
            "actors443.loop.blocks",
            () => _loops.Select(loop => new Measurement<int>(loop.Pool.Rented, new KeyValuePair<string, object?>("loop", loop.Index))),
            "{block}",
            "Buffers of 16 KiB that connections of each loop hold.");
    }

    public string Name => "event-loop";

    public IReadOnlyList<ActorPlace> Places { get; }

    public IReadOnlyList<ConnectionLoop> Loops => _loops;

    public bool ApplicationsOnLoop => _settings.Applications == ApplicationThreads.Loop;

    public async Task<IEngineListener> ListenAsync(ListenRequest request, CancellationToken cancellationToken)
    {
        if (request.Tls is not { } tls)
            return await _portable.ListenAsync(request, cancellationToken);
        var entry = new LoopEntry(this, request, tls, _metrics, _clock, _loggers.CreateLogger(LogCategories.Connections), ApplicationsOnLoop, new ServerTlsContexts(_settings.TlsContexts, _ticketKeys, _staples, _keyLog));
        (List<LoopListener> listeners, List<IPEndPoint> bound) = Bind(request, entry);
        try
        {
            var entrance = new KestrelEntrance(bound[0]);
            KestrelHost kestrel = KestrelHost.Build(request, bound[..1], entrance, listen => Configure(listen, entrance), _meters, _loggers);
            await request.Application.StartAsync(kestrel.Server, cancellationToken);
            entry.EnterBy(entrance.Open(kestrel.Server, out bool direct));
            if (direct && ApplicationsOnLoop && KestrelEntrance.ServicesOf(kestrel.Server) is { } services)
                entry.Http2 = Http2OnLoop.Find(services);
            if (!direct || (ApplicationsOnLoop && entry.Http2 is null))
                _log.KestrelIsOther(request.Name);
            foreach (LoopListener listener in listeners)
                listener.Start();
            return new BoundListener(kestrel, listeners, bound);
        }
        catch
        {
            foreach (LoopListener listener in listeners)
                await listener.StopAsync();
            throw;
        }
    }

    public Task<DialedClient> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        var origin = new LoopOrigin(this, request.Name, request.Owners, _metrics, _clock, _loggers.CreateLogger(LogCategories.Connections), ApplicationsOnLoop);
        return new LoopDial(_loops.MinBy(loop => loop.Connections)!, origin, request).RunAsync(cancellationToken);
    }

    /// <summary>This socket listens no more.</summary>
    public void Forget(int descriptor) => _sockets.Forget(descriptor);

    /// <summary>Where a connection accepted on a loop is to live: there, unless others have much less to do. On any loop.</summary>
    public ConnectionLoop LoopFor(ConnectionLoop accepted)
    {
        ConnectionLoop least = accepted;
        foreach (ConnectionLoop loop in _loops)
        {
            if (loop.Connections < least.Connections)
                least = loop;
        }

        int own = accepted.Connections;
        return own - least.Connections > Imbalance + own / 8 ? least : accepted;
    }

    public async ValueTask DisposeAsync()
    {
        await _watchdog.DisposeAsync();
        foreach (ConnectionLoop loop in _loops)
            loop.Loop.Stop();
        foreach (ConnectionLoop loop in _loops)
        {
            await loop.Loop.Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            loop.Dispose();
        }

        if (_keyLog is not null)
            await _keyLog.DisposeAsync();
    }

    private void UseBatchScheduling(string loop)
    {
        if (LibC.UseBatchScheduling() is not 0 and var error)
            _log.BatchSchedulingRefused(loop, error);
    }

    private (List<LoopListener> Listeners, List<IPEndPoint> Bound) Bind(ListenRequest request, LoopEntry entry)
    {
        var listeners = new List<LoopListener>();
        var all = new List<IPEndPoint>();
        try
        {
            foreach (IPEndPoint endPoint in request.EndPoints)
            {
                int[] descriptors = LoopSockets.Open(endPoint, _sockets.Take(request.Name, endPoint), _loops.Length, request.Backlog, out IPEndPoint bound);
                all.Add(bound);
                for (int index = 0; index < descriptors.Length; index++)
                {
                    _sockets.Add(request.Name, endPoint, descriptors[index]);
                    listeners.Add(new LoopListener(this, _loops[index % _loops.Length], entry, descriptors[index], bound, _log, _time));
                }
            }

            return (listeners, all);
        }
        catch (BindException)
        {
            foreach (LoopListener listener in listeners)
                _ = listener.StopAsync();
            throw;
        }
    }

    private static void Configure(ListenOptions listen, KestrelEntrance entrance)
    {
        KestrelHost.StandAsideForTls(listen);
        // After the step that stands aside: it costs a microsecond a connection.
        listen.Use(next =>
        {
            entrance.Next = next;
            return next;
        });
    }

    private sealed class BoundListener(KestrelHost kestrel, List<LoopListener> listeners, List<IPEndPoint> bound) : IEngineListener
    {
        public IReadOnlyList<IPEndPoint> EndPoints => bound;

        public Task UnbindAsync() => Task.WhenAll(listeners.Select(listener => listener.StopAsync()));

        public async ValueTask DisposeAsync()
        {
            await UnbindAsync();
            await kestrel.DisposeAsync();
        }
    }
}
