using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Actors443.Telemetry;

namespace Actors443.Server.Admin.Events;

/// <summary>
/// Counts what the server's own instruments record, for as long as somebody looks: nobody looking costs nothing. Counts begin at 0 with each one. Thread-safe.
/// </summary>
internal sealed class TrafficMeter : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _since;
    private readonly ConcurrentDictionary<HandshakeKind, Count> _handshakes = new();
    private readonly ConcurrentDictionary<string, Count> _refused = new();
    private readonly ConcurrentDictionary<string, Count> _ended = new();
    private readonly ConcurrentDictionary<string, Count> _requests = new();
    private readonly Count _accepted = new();

    /// <param name="server">Whose instruments: a process may have several servers.</param>
    /// <param name="time">The clock.</param>
    public TrafficMeter(IMeterFactory server, TimeProvider time)
    {
        _time = time;
        _since = time.GetUtcNow();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, server) && IsCounted(instrument))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, measured, tags, _) => Add(instrument.Name, measured, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Record(instrument.Name, tags));
        _listener.Start();
    }

    /// <summary>The counts so far.</summary>
    public TrafficReport Take() => new()
    {
        CountedSeconds = Math.Round((_time.GetUtcNow() - _since).TotalSeconds, 3),
        Accepted = _accepted.Value,
        Handshakes =
        [
            .. _handshakes
                .Select(count => new HandshakeCount(count.Key.Outcome, count.Key.Version, count.Key.Resumed, count.Value.Value))
                .OrderByDescending(count => count.Count).ThenBy(count => count.Outcome, StringComparer.Ordinal),
        ],
        Refused = Sorted(_refused),
        Ended = Sorted(_ended),
        Requests = Sorted(_requests),
    };

    public void Dispose() => _listener.Dispose();

    private static bool IsCounted(Instrument instrument) => (instrument.Meter.Name, instrument.Name) is
        (Actors443Meter.Name, "actors443.connections.accepted" or "actors443.connections.refused" or "actors443.connections.closed" or "actors443.tls_handshake.duration")
        or ("Microsoft.AspNetCore.Hosting", "http.server.request.duration");

    private void Add(string instrument, long measured, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        switch (instrument)
        {
            case "actors443.connections.accepted":
                _accepted.Add(measured);
                break;
            case "actors443.connections.refused":
                Of(_refused, Text(tags, "reason")).Add(measured);
                break;
            default:
                Of(_ended, Text(tags, "reason")).Add(measured);
                break;
        }
    }

    private void Record(string instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (instrument == "actors443.tls_handshake.duration")
            Of(_handshakes, new HandshakeKind(Text(tags, "outcome"), Find(tags, "tls.protocol.version") as string, Find(tags, "tls.resumed") as bool?)).Add(1);
        else
            Of(_requests, ClassOf(Find(tags, "http.response.status_code"))).Add(1);
    }

    private static string ClassOf(object? status) => status switch
    {
        >= 100 and < 200 => "1xx",
        >= 200 and < 300 => "2xx",
        >= 300 and < 400 => "3xx",
        >= 400 and < 500 => "4xx",
        >= 500 and < 600 => "5xx",
        _ => "other",
    };

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name) => Find(tags, name) as string ?? "unknown";

    private static object? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach ((string key, object? value) in tags)
        {
            if (key == name)
                return value;
        }

        return null;
    }

    private static Count Of<TKey>(ConcurrentDictionary<TKey, Count> counts, TKey key)
        where TKey : notnull => counts.TryGetValue(key, out Count? count) ? count : counts.GetOrAdd(key, static _ => new Count());

    private static SortedDictionary<string, long> Sorted(ConcurrentDictionary<string, Count> counts) =>
        new(counts.ToDictionary(count => count.Key, count => count.Value.Value), StringComparer.Ordinal);

    private readonly record struct HandshakeKind(string Outcome, string? Version, bool? Resumed);

    private sealed class Count
    {
        private long _value;

        public long Value => Interlocked.Read(ref _value);

        public void Add(long more) => Interlocked.Add(ref _value, more);
    }
}
