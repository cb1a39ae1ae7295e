using Actors443.Server.Load.Results;
using HdrHistogram;

namespace Actors443.Server.Load.Clients;

/// <summary>Counts what the clients of one group do on one loop. The loop's thread alone uses it.</summary>
internal sealed class LoopRecorder
{
    private const long LongestMicroseconds = 600_000_000;
    private const int Digits = 3;

    private readonly Dictionary<LoadError, long> _errors = [];
    private LongHistogram? _latency;
    private LongHistogram? _handshakes;
    private long _succeeded;
    private long _full;
    private long _resumed;

    /// <summary>Microseconds, from one to ten minutes, three digits.</summary>
    public static LongHistogram CreateHistogram() => new(1, LongestMicroseconds, Digits);

    /// <summary>Sessions open now.</summary>
    public int Open { get; set; }

    /// <summary>Sessions being opened now.</summary>
    public int Opening { get; set; }

    public long BytesReceived { get; set; }

    public long BytesSent { get; set; }

    public long Events { get; set; }

    public void Handshaken(bool resumed, long microseconds)
    {
        if (resumed)
            _resumed++;
        else
            _full++;
        Record(ref _handshakes, microseconds);
    }

    /// <summary>An answer came, whatever it said.</summary>
    /// <param name="status">0: the protocol has none.</param>
    public void Answered(int status, long microseconds)
    {
        if (status < 400)
            _succeeded++;
        else
            Failed(new LoadError(LoadErrorKind.HttpStatus, status.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Record(ref _latency, microseconds);
    }

    public void Failed(LoadError error) => _errors[error] = _errors.GetValueOrDefault(error) + 1;

    /// <summary>What was counted since the last time; counting begins anew.</summary>
    public RecorderSnapshot Take()
    {
        var snapshot = new RecorderSnapshot
        {
            Succeeded = _succeeded,
            FullHandshakes = _full,
            ResumedHandshakes = _resumed,
            BytesReceived = BytesReceived,
            BytesSent = BytesSent,
            Events = Events,
            Open = Open,
            Opening = Opening,
            Latency = _latency,
            HandshakeTime = _handshakes,
            Errors = _errors.Count == 0 ? [] : [.. _errors],
        };
        _succeeded = _full = _resumed = BytesReceived = BytesSent = Events = 0;
        _latency = _handshakes = null;
        _errors.Clear();
        return snapshot;
    }

    private static void Record(ref LongHistogram? histogram, long microseconds)
    {
        histogram ??= CreateHistogram();
        histogram.RecordValue(Math.Clamp(microseconds, 1, LongestMicroseconds));
    }
}

/// <summary>What a <see cref="LoopRecorder"/> counted; handed over to another thread.</summary>
internal sealed class RecorderSnapshot
{
    public required long Succeeded { get; init; }

    public required long FullHandshakes { get; init; }

    public required long ResumedHandshakes { get; init; }

    public required long BytesReceived { get; init; }

    public required long BytesSent { get; init; }

    public required long Events { get; init; }

    public required int Open { get; init; }

    public required int Opening { get; init; }

    public required LongHistogram? Latency { get; init; }

    public required LongHistogram? HandshakeTime { get; init; }

    public required KeyValuePair<LoadError, long>[] Errors { get; init; }
}
