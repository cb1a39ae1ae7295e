using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Actors443.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Tests.Certificates;

/// <summary>A meter factory of one test's own, and what its instruments say.</summary>
internal sealed class RecordedMetrics : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, double> _sums = new();
    private readonly ConcurrentDictionary<string, double> _gauges = new();

    public RecordedMetrics()
    {
        Factory = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == Actors443Meter.Name && instrument.Meter.Scope == Factory)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
    }

    public IMeterFactory Factory { get; }

    public double Sum(string counter) => _sums.GetValueOrDefault(counter);

    /// <summary>The gauge as it is now, by its tags (<c>name=a.test source=local CA</c>).</summary>
    public IReadOnlyDictionary<string, double> Gauge(string gauge)
    {
        _gauges.Clear();
        _listener.RecordObservableInstruments();
        return _gauges.Where(pair => pair.Key.StartsWith(gauge + " ", StringComparison.Ordinal)).ToDictionary(pair => pair.Key[(gauge.Length + 1)..], pair => pair.Value);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
    }

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (instrument.IsObservable)
            _gauges[$"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}"] = value;
        else
            _sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
    }
}
