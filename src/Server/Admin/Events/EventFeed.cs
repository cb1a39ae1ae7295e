using System.Threading.Channels;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Admin.Events;

/// <summary>
/// <c>GET /api/v1/events</c>: a snapshot every second as a server-sent event, made once for all who listen and not at all while nobody does. Who is slow misses some. Thread-safe.
/// </summary>
internal sealed class EventFeed : IAsyncDisposable
{
    /// <summary>Listeners at one time.</summary>
    public const int MaximumListeners = 16;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly Func<ISnapshotSource> _source;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly List<Channel<byte[]>> _listeners = [];
    private readonly CancellationTokenSource _ending;
    private readonly CancellationToken _ended;
    private CancellationTokenSource? _stop;
    private Task _telling = Task.CompletedTask;

    public EventFeed(Func<ISnapshotSource> source, TimeProvider time, ILogger log)
    {
        _source = source;
        _time = time;
        _log = log;
        _ending = new CancellationTokenSource();
        _ended = _ending.Token;
    }

    /// <summary>How many listen now.</summary>
    public int Listeners
    {
        get
        {
            lock (_lock)
                return _listeners.Count;
        }
    }

    /// <summary>Tells one client until it goes or the admin server ends.</summary>
    public async Task ListenAsync(HttpContext context)
    {
        if (Join() is not { } events)
        {
            context.Response.Headers.RetryAfter = "5";
            await AdminFailures.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, $"{MaximumListeners} others listen already; close a dashboard that nobody looks at");
            return;
        }

        try
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _ended);
            context.Response.ContentType = "text/event-stream";
            await foreach (byte[] record in events.Reader.ReadAllAsync(ended.Token))
                await context.Response.BodyWriter.WriteAsync(record, ended.Token);
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            // The answer ends here, in order.
        }
        finally
        {
            Leave(events);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        Task telling;
        lock (_lock)
        {
            Stop();
            telling = _telling;
        }

        await telling;
        _ending.Dispose();
    }

    private Channel<byte[]>? Join()
    {
        // One waits at most: who has not taken it by the next gets the next.
        var events = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        lock (_lock)
        {
            if (_listeners.Count == MaximumListeners || _ended.IsCancellationRequested)
                return null;
            _listeners.Add(events);
            if (_stop is null)
            {
                _stop = new CancellationTokenSource();
                _telling = TellAsync(_telling, _stop);
            }
        }

        return events;
    }

    private void Leave(Channel<byte[]> events)
    {
        lock (_lock)
        {
            _listeners.Remove(events);
            if (_listeners.Count == 0)
                Stop();
        }
    }

    private void Stop()
    {
        _stop?.Cancel();
        _stop = null;
    }

    private async Task TellAsync(Task before, CancellationTokenSource stop)
    {
        // Not within the lock that it is begun in.
        await Task.Yield();
        await before;
        using (stop)
        using (ISnapshotSource snapshots = _source())
        using (var ticks = new PeriodicTimer(Every, _time))
        {
            try
            {
                do
                {
                    await TellOnceAsync(snapshots, stop.Token);
                }
                while (await ticks.WaitForNextTickAsync(stop.Token));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                _log.NobodyListens();
            }
        }
    }

    private async Task TellOnceAsync(ISnapshotSource snapshots, CancellationToken cancellationToken)
    {
        try
        {
            byte[] snapshot = await snapshots.TakeAsync(cancellationToken);
            byte[] record = [.. "data: "u8, .. snapshot, .. "\n\n"u8];
            lock (_lock)
            {
                foreach (Channel<byte[]> events in _listeners)
                    events.Writer.TryWrite(record);
            }
        }
        catch (Exception cause) when (cause is not OperationCanceledException)
        {
            // The next second has another.
            _log.SnapshotFailed(cause);
        }
    }
}
