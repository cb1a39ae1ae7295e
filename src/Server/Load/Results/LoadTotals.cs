using Actors443.Configuration.Reading;
using HdrHistogram;

namespace Actors443.Server.Load.Results;

/// <summary>Adds samples up, per group and per second. Not thread-safe.</summary>
internal sealed class LoadTotals
{
    private const int BucketsPerDecade = 20;

    private readonly SortedDictionary<int, Second> _seconds = [];
    private readonly Dictionary<LoadError, long> _errors = [];
    private readonly List<LoadMark> _marks = [];
    private LongHistogram? _latency;
    private LongHistogram? _handshakes;

    public long Succeeded { get; private set; }

    public long Errors { get; private set; }

    public long FullHandshakes { get; private set; }

    public long ResumedHandshakes { get; private set; }

    public long BytesReceived { get; private set; }

    public long BytesSent { get; private set; }

    public long Events { get; private set; }

    public int PeakOpen => _seconds.Count == 0 ? 0 : _seconds.Values.Max(second => second.Open);

    /// <summary>Seconds that were counted.</summary>
    public double Counted => _seconds.Values.Sum(second => second.Length);

    public HistogramBase? Latency => _latency;

    public IReadOnlyList<LoadMark> Marks => _marks;

    public IEnumerable<ReportedError> ErrorList => _errors.OrderByDescending(error => error.Value).Select(error => ToReported(error.Key, error.Value));

    /// <summary>The whole second that was added to last.</summary>
    public SeriesPoint? Latest => _seconds.Count == 0 ? null : _seconds.Values.Last().ToPoint();

    /// <summary>Adds a sample. What the warm-up counted is left out, but for sessions, which stay open.</summary>
    public void Add(IntervalSample sample)
    {
        _marks.AddRange(sample.Marks);
        // The last breath of a run, too short for a rate of its own, belongs to the second before.
        int index = (int)Math.Round(sample.Start.TotalSeconds);
        if (sample.Length < TimeSpan.FromSeconds(0.5) && _seconds.Count > 0)
            index = _seconds.Keys.Last();
        if (sample.Start < TimeSpan.FromSeconds(-0.5))
            return;
        if (!_seconds.TryGetValue(index, out Second? second))
            _seconds.Add(index, second = new Second());
        second.Add(sample);
        Succeeded += sample.Succeeded;
        FullHandshakes += sample.FullHandshakes;
        ResumedHandshakes += sample.ResumedHandshakes;
        BytesReceived += sample.BytesReceived;
        BytesSent += sample.BytesSent;
        Events += sample.Events;
        Sum(ref _latency, sample.Latency);
        Sum(ref _handshakes, sample.HandshakeTime);
        foreach ((LoadError error, long count) in sample.Errors)
        {
            _errors[error] = _errors.GetValueOrDefault(error) + count;
            Errors += count;
        }
    }

    public GroupReport ToReport(string name, string mode, bool openModel) => new()
    {
        Name = name,
        Mode = mode,
        OpenModel = openModel,
        Totals = new GroupTotals
        {
            Succeeded = Succeeded,
            Errors = Errors,
            Rate = Counted > 0 ? Succeeded / Counted : 0,
            ErrorRate = Errors == 0 ? 0 : (double)Errors / (Errors + Succeeded),
            BytesReceived = BytesReceived,
            BytesSent = BytesSent,
            FullHandshakes = FullHandshakes,
            ResumedHandshakes = ResumedHandshakes,
            Events = Events,
            PeakOpen = PeakOpen,
            Latency = ToDistribution(_latency),
            Handshake = ToDistribution(_handshakes),
        },
        LatencyHistogram = ToBuckets(_latency),
        Errors = [.. ErrorList],
        Series = [.. _seconds.Values.Select(second => second.ToPoint())],
        Marks = [.. _marks.Select(mark => new ReportedMark(mark.At.TotalSeconds, mark.Text, mark.Seconds))],
    };

    private static ReportedError ToReported(LoadError error, long count) => new(NameOf(error.Kind), error.Detail, count);

    private static string NameOf(LoadErrorKind kind) => SettingsValueTypes.NameOf(kind).Replace('-', '_');

    private static Distribution? ToDistribution(HistogramBase? histogram) => histogram is null or { TotalCount: 0 } ? null : new Distribution
    {
        Count = histogram.TotalCount,
        Mean = histogram.GetMean(),
        P50 = histogram.GetValueAtPercentile(50),
        P90 = histogram.GetValueAtPercentile(90),
        P99 = histogram.GetValueAtPercentile(99),
        P999 = histogram.GetValueAtPercentile(99.9),
        Max = histogram.GetMaxValue(),
    };

    private static IReadOnlyList<double[]> ToBuckets(HistogramBase? histogram)
    {
        if (histogram is null or { TotalCount: 0 })
            return [];
        var buckets = new SortedDictionary<int, double>();
        foreach (HdrHistogram.Iteration.HistogramIterationValue value in histogram.RecordedValues())
        {
            int bucket = (int)Math.Ceiling(Math.Log10(Math.Max(1, value.ValueIteratedTo)) * BucketsPerDecade);
            buckets[bucket] = buckets.GetValueOrDefault(bucket) + value.CountAtValueIteratedTo;
        }

        return [.. buckets.Select(bucket => (double[])[Math.Round(Math.Pow(10, (double)bucket.Key / BucketsPerDecade), 1), bucket.Value])];
    }

    private static void Sum(ref LongHistogram? sum, HistogramBase? part)
    {
        if (part is null)
            return;
        sum ??= Clients.LoopRecorder.CreateHistogram();
        sum.Add(part);
    }

    /// <summary>What all nodes did in one second.</summary>
    private sealed class Second
    {
        private readonly Dictionary<string, (int Open, int Opening)> _sessions = [];
        private readonly Dictionary<string, long> _errors = [];
        private readonly Dictionary<string, double> _lengths = [];
        private LongHistogram? _latency;
        private long _succeeded;
        private long _full;
        private long _resumed;
        private long _received;
        private long _sent;
        private double _start = double.MaxValue;

        public int Open => _sessions.Values.Sum(sessions => sessions.Open);

        public double Length => _lengths.Values.DefaultIfEmpty(0).Max();

        public void Add(IntervalSample sample)
        {
            _start = Math.Min(_start, Math.Max(0, sample.Start.TotalSeconds));
            _lengths[sample.Node] = _lengths.GetValueOrDefault(sample.Node) + sample.Length.TotalSeconds;
            // The end of a run closes everything, which says nothing about the second before.
            if (sample.Length >= TimeSpan.FromSeconds(0.5) || !_sessions.ContainsKey(sample.Node))
                _sessions[sample.Node] = (sample.OpenSessions, sample.OpeningSessions);
            _succeeded += sample.Succeeded;
            _full += sample.FullHandshakes;
            _resumed += sample.ResumedHandshakes;
            _received += sample.BytesReceived;
            _sent += sample.BytesSent;
            Sum(ref _latency, sample.Latency);
            foreach ((LoadError error, long count) in sample.Errors)
            {
                string text = ToReported(error, count).Text;
                _errors[text] = _errors.GetValueOrDefault(text) + count;
            }
        }

        public SeriesPoint ToPoint() => new()
        {
            T = Math.Round(_start, 3),
            LengthSeconds = Math.Round(Length, 3),
            Succeeded = _succeeded,
            Errors = _errors.Values.Sum(),
            Open = Open,
            Opening = _sessions.Values.Sum(sessions => sessions.Opening),
            FullHandshakes = _full,
            ResumedHandshakes = _resumed,
            BytesReceived = _received,
            BytesSent = _sent,
            P50 = _latency?.GetValueAtPercentile(50),
            P99 = _latency?.GetValueAtPercentile(99),
            P999 = _latency?.GetValueAtPercentile(99.9),
            ErrorsByKind = new Dictionary<string, long>(_errors),
        };
    }
}
