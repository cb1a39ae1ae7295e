using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors443.Server.Load.Results;

/// <summary>
/// What a run came to: what <c>--json</c> writes, <c>--compare</c> reads and the page shows. Times are seconds since the run began, latencies
/// microseconds. A change that older readers would misunderstand raises <see cref="CurrentSchema"/>.
/// </summary>
internal sealed record LoadReport
{
    public const int CurrentSchema = 1;

    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = false };

    public int Schema { get; init; } = CurrentSchema;

    public required string Tool { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required string Target { get; init; }

    public required IReadOnlyList<string> Nodes { get; init; }

    /// <summary>Without the warm-up.</summary>
    [JsonPropertyName("duration_s")]
    public required double DurationSeconds { get; init; }

    public required ReportedSettings Settings { get; init; }

    public required IReadOnlyList<GroupReport> Groups { get; init; }

    /// <summary>Null: nobody said which process it is.</summary>
    public required ServerReport? Server { get; init; }

    public required LoadCost Load { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <exception cref="LoadException">It is no report, or one of a later version.</exception>
    public static LoadReport Read(string file)
    {
        try
        {
            LoadReport? report = JsonSerializer.Deserialize<LoadReport>(File.ReadAllText(file), Json);
            if (report?.Schema == CurrentSchema)
                return report;
            throw new LoadException($"{file} is a report of schema {report?.Schema}; this version reads {CurrentSchema}.");
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new LoadException($"{file} cannot be read as a report that 'actors443 load --json' wrote: {cause.Message}", cause);
        }
    }
}

/// <param name="Scenario">As it was given, options included.</param>
internal sealed record ReportedSettings(string Scenario, IReadOnlyList<ReportedGroup> Groups);

/// <param name="Text">In words: <c>64 clients, h2, 10 streams</c>.</param>
internal sealed record ReportedGroup(string Name, string Mode, string Text);

internal sealed record GroupReport
{
    public required string Name { get; init; }

    public required string Mode { get; init; }

    /// <summary>Latency counts from when a request was due.</summary>
    public required bool OpenModel { get; init; }

    public required GroupTotals Totals { get; init; }

    /// <summary>Upper end of a bucket in microseconds, and how many fell in it.</summary>
    public required IReadOnlyList<double[]> LatencyHistogram { get; init; }

    public required IReadOnlyList<ReportedError> Errors { get; init; }

    public required IReadOnlyList<SeriesPoint> Series { get; init; }

    public required IReadOnlyList<ReportedMark> Marks { get; init; }
}

internal sealed record GroupTotals
{
    public required long Succeeded { get; init; }

    public required long Errors { get; init; }

    /// <summary>Answers a second.</summary>
    public required double Rate { get; init; }

    /// <summary>Of all that was tried, 0 to 1.</summary>
    public required double ErrorRate { get; init; }

    public required long BytesReceived { get; init; }

    public required long BytesSent { get; init; }

    public required long FullHandshakes { get; init; }

    public required long ResumedHandshakes { get; init; }

    public required long Events { get; init; }

    public required int PeakOpen { get; init; }

    [JsonPropertyName("latency_us")]
    public required Distribution? Latency { get; init; }

    [JsonPropertyName("handshake_us")]
    public required Distribution? Handshake { get; init; }
}

/// <summary>Microseconds.</summary>
internal sealed record Distribution
{
    public required long Count { get; init; }

    public required double Mean { get; init; }

    public required long P50 { get; init; }

    public required long P90 { get; init; }

    public required long P99 { get; init; }

    public required long P999 { get; init; }

    public required long Max { get; init; }
}

internal sealed record ReportedError(string Kind, string Detail, long Count)
{
    /// <summary><c>timeout headers</c>, <c>http_status 503</c>.</summary>
    [JsonIgnore]
    public string Text => Detail.Length == 0 ? Kind : Kind + " " + Detail;
}

internal sealed record SeriesPoint
{
    public required double T { get; init; }

    [JsonPropertyName("length_s")]
    public required double LengthSeconds { get; init; }

    public required long Succeeded { get; init; }

    public required long Errors { get; init; }

    public required int Open { get; init; }

    public required int Opening { get; init; }

    public required long FullHandshakes { get; init; }

    public required long ResumedHandshakes { get; init; }

    public required long BytesReceived { get; init; }

    public required long BytesSent { get; init; }

    [JsonPropertyName("p50_us")]
    public required long? P50 { get; init; }

    [JsonPropertyName("p99_us")]
    public required long? P99 { get; init; }

    [JsonPropertyName("p999_us")]
    public required long? P999 { get; init; }

    public required IReadOnlyDictionary<string, long> ErrorsByKind { get; init; }
}

internal sealed record ReportedMark(double T, string Text, double? Seconds);

/// <summary>The server's process, with what it has started.</summary>
internal sealed record ServerReport
{
    public required string Name { get; init; }

    public required IReadOnlyList<ServerPoint> Series { get; init; }

    /// <summary>What its memory grew by from the beginning, for each session it held most of; null: it held none.</summary>
    public required double? MemoryPerSessionBytes { get; init; }

    [JsonPropertyName("cpu_us_per_request")]
    public required double? CpuPerRequest { get; init; }
}

internal sealed record ServerPoint(double T, long MemoryBytes, double CpuCores);

/// <summary>What the load itself cost on this node.</summary>
internal sealed record LoadCost([property: JsonPropertyName("cpu_us_per_request")] double? CpuPerRequest);
