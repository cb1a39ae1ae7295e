using System.Text.Json;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;
using Akka.Actor;
using Akka.Serialization;
using HdrHistogram;

namespace Actors443.Server.Load.Cluster;

/// <summary>Load nodes' messages as JSON, by names of their own: no type is ever made because a message names it. Thread-safe.</summary>
public sealed class LoadNodeSerializer : SerializerWithStringManifest
{
    /// <summary>Called by Akka by reflection.</summary>
    public LoadNodeSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => 443_001;

    /// <inheritdoc/>
    public override string Manifest(object o) => o is ILoadNodeMessage ? o.GetType().Name : throw new ArgumentException($"{o?.GetType()} is no message between load nodes.", nameof(o));

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) =>
        obj is ShareCounted counted ? JsonSerializer.SerializeToUtf8Bytes(SampleOnWire.Of(counted.Sample)) : JsonSerializer.SerializeToUtf8Bytes(obj, obj.GetType());

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) => manifest switch
    {
        nameof(NodeReady) => Read<NodeReady>(bytes),
        nameof(PrepareShare) => Read<PrepareShare>(bytes),
        nameof(SharePrepared) => Read<SharePrepared>(bytes),
        nameof(StartShare) => new StartShare(),
        nameof(StopShare) => new StopShare(),
        nameof(ShareCounted) => new ShareCounted(Read<SampleOnWire>(bytes).ToSample()),
        nameof(ShareEnded) => Read<ShareEnded>(bytes),
        _ => throw new ArgumentException($"'{manifest}' is no message between load nodes of this version.", nameof(manifest)),
    };

    private static T Read<T>(byte[] bytes) => JsonSerializer.Deserialize<T>(bytes) ?? throw new JsonException("an empty message");

    private sealed record ErrorOnWire(LoadErrorKind Kind, string Detail, long Count);

    private sealed record SampleOnWire
    {
        public required string Node { get; init; }

        public required string Group { get; init; }

        public required TimeSpan Start { get; init; }

        public required TimeSpan Length { get; init; }

        /// <summary>Succeeded, full and resumed handshakes, bytes received and sent, events.</summary>
        public required long[] Counters { get; init; }

        public required int Open { get; init; }

        public required int Opening { get; init; }

        /// <summary>Microseconds and count of each bucket, in turn.</summary>
        public required long[]? Latency { get; init; }

        public required long[]? Handshakes { get; init; }

        public required ErrorOnWire[] Errors { get; init; }

        public required LoadMark[] Marks { get; init; }

        public static SampleOnWire Of(IntervalSample sample) => new()
        {
            Node = sample.Node,
            Group = sample.Group,
            Start = sample.Start,
            Length = sample.Length,
            Counters = [sample.Succeeded, sample.FullHandshakes, sample.ResumedHandshakes, sample.BytesReceived, sample.BytesSent, sample.Events],
            Open = sample.OpenSessions,
            Opening = sample.OpeningSessions,
            Latency = Encode(sample.Latency),
            Handshakes = Encode(sample.HandshakeTime),
            Errors = [.. sample.Errors.Select(error => new ErrorOnWire(error.Key.Kind, error.Key.Detail, error.Value))],
            Marks = [.. sample.Marks],
        };

        public IntervalSample ToSample()
        {
            var sample = new IntervalSample
            {
                Node = Node,
                Group = Group,
                Start = Start,
                Length = Length,
                Succeeded = Counters[0],
                FullHandshakes = Counters[1],
                ResumedHandshakes = Counters[2],
                BytesReceived = Counters[3],
                BytesSent = Counters[4],
                Events = Counters[5],
                OpenSessions = Open,
                OpeningSessions = Opening,
                Latency = Decode(Latency),
                HandshakeTime = Decode(Handshakes),
            };
            foreach (ErrorOnWire error in Errors)
                sample.Errors[new LoadError(error.Kind, error.Detail)] = error.Count;
            sample.Marks.AddRange(Marks);
            return sample;
        }

        private static long[]? Encode(HistogramBase? histogram) =>
            histogram is null ? null : [.. histogram.RecordedValues().SelectMany(value => (long[])[value.ValueIteratedTo, value.CountAtValueIteratedTo])];

        private static LongHistogram? Decode(long[]? pairs)
        {
            if (pairs is null)
                return null;
            LongHistogram histogram = LoopRecorder.CreateHistogram();
            for (int index = 0; index + 1 < pairs.Length; index += 2)
                histogram.RecordValueWithCount(Math.Clamp(pairs[index], 1, histogram.HighestTrackableValue), pairs[index + 1]);
            return histogram;
        }
    }
}
