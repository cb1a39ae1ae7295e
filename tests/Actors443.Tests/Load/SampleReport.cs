using System.Globalization;
using System.Text.Json.Nodes;

namespace Actors443.Tests.Load;

/// <summary>The JSON report of a run there might have been: steady requests, a storm, and handshakes, against a server that falters once.</summary>
internal static class SampleReport
{
    private const int Seconds = 40;
    private static readonly int[] Storms = [14, 27];

    public static JsonObject Create() => new()
    {
        ["schema"] = 1,
        ["tool"] = "actors443 load 0.1.0",
        ["started"] = "2026-11-24T01:58:12.345+00:00",
        ["target"] = "https://shop.example:8443/catalogue",
        ["nodes"] = new JsonArray("load-1", "load-2"),
        ["duration_s"] = (double)Seconds,
        ["settings"] = new JsonObject
        {
            ["scenario"] = "target = \"https://shop.example:8443/catalogue\"\nduration = 40s\ngroups {\n  web { mode = steady, clients = 64, protocol = h2, streams = 10 }\n  phones { mode = storm, sessions = 5000, storms = 2 }\n  newcomers { mode = handshakes, rate = 400, resumed = 0.5 }\n}\n",
            ["groups"] = new JsonArray(
                new JsonObject { ["name"] = "web", ["mode"] = "steady", ["text"] = "64 clients, h2, 10 streams, 12,000 requests a second" },
                new JsonObject { ["name"] = "phones", ["mode"] = "storm", ["text"] = "5,000 sessions, 2 storms, resumed" },
                new JsonObject { ["name"] = "newcomers", ["mode"] = "handshakes", ["text"] = "400 connections a second, half of them resumed, with a request" }),
        },
        ["groups"] = new JsonArray(Web(), Phones(), Newcomers()),
        ["server"] = new JsonObject
        {
            ["name"] = "process 48213",
            ["series"] = Over(second => new JsonObject
            {
                ["t"] = second + 1.0,
                ["memory_bytes"] = 96L * 1024 * 1024 + PhonesOpen(second) * 21_300L + second * 400_000L,
                ["cpu_cores"] = Math.Round(0.7 + (AfterStorm(second) is 0 or 1 ? 0.9 : 0) + Wave(second, 5) * 0.06, 3),
            }),
            ["memory_per_session_bytes"] = 21_300.0,
            ["cpu_us_per_request"] = 41.8,
        },
        ["load"] = new JsonObject { ["cpu_us_per_request"] = 18.3 },
    };

    private static JsonObject Web() => Group("web", "steady", openModel: true,
        Totals(468_213, 1_274, peakOpen: 64, full: 64, resumed: 0, Latency(469_487, 1_120), Latency(64, 2_900)), 1_120,
        Over(second =>
        {
            bool falters = second is 20 or 21;
            double p50 = 1_050 + Wave(second, 1) * 90 + Strain(second) * 2_600 + (falters ? 7_000 : 0);
            return Interval(second, succeeded: (long)(11_950 + Wave(second, 2) * 240 - (falters ? 3_800 : 0)), open: 64, opening: 0, full: second == 0 ? 64 : 0, resumed: 0,
                p50, p50 * (3.1 + Wave(second, 3) * 0.5), p50 * (8 + Wave(second, 4) * 2.5), Errors(falters, second));
        }),
        new JsonArray(Error("http_status", "503", 1_020), Error("timeout", "headers", 190), Error("http2", "REFUSED_STREAM", 64)), []);

    private static JsonObject Phones() => Group("phones", "storm", openModel: false,
        Totals(0, 41, peakOpen: 5_000, full: 5_000, resumed: 9_968, null, Latency(14_968, 61_000)), null,
        Over(second => Interval(second, 0, PhonesOpen(second), Math.Min(5_000 - PhonesOpen(second), 900), second < 5 ? 1_000 : 0,
            AfterStorm(second) switch { 0 => 2_100, 1 => 2_240, 2 => 650, _ => 0 }, null, null, null,
            AfterStorm(second) == 0 ? new JsonObject { ["reset"] = 19 } : [])),
        new JsonArray(Error("reset", "", 38), Error("tls_alert", "handshake_failure", 3)),
        new JsonArray(Storms.Select((at, index) => (JsonNode)new JsonObject
        {
            ["t"] = at + 2.3 + index * 0.11,
            ["text"] = string.Create(CultureInfo.InvariantCulture, $"storm {index + 1}: 5,000 sessions back after {2.3 + index * 0.11:0.00} s"),
            ["seconds"] = 2.3 + index * 0.11,
        }).ToArray()));

    private static JsonObject Newcomers() => Group("newcomers", "handshakes", openModel: true,
        Totals(15_790, 12, peakOpen: 57, full: 7_904, resumed: 7_898, Latency(15_790, 4_300), Latency(15_802, 3_200)), 4_300,
        Over(second =>
        {
            double p50 = 4_100 + Wave(second, 6) * 300 + Strain(second) * 30_000;
            return Interval(second, (long)(395 + Wave(second, 7) * 6), (int)(12 + Wave(second, 8) * 5 + Strain(second) * 40), 3, (long)(198 + Wave(second, 9) * 4), 197,
                p50, p50 * 2.8, p50 * 5.1, second == 14 ? new JsonObject { ["timeout handshake"] = 12 } : []);
        }),
        new JsonArray(Error("timeout", "handshake", 12)), []);

    private static JsonObject Group(string name, string mode, bool openModel, JsonObject totals, double? median, JsonArray series, JsonArray errors, JsonArray marks) => new()
    {
        ["name"] = name,
        ["mode"] = mode,
        ["open_model"] = openModel,
        ["totals"] = totals,
        ["latency_histogram"] = median is { } middle ? Histogram(middle, totals["latency_us"]!["count"]!.GetValue<long>()) : [],
        ["errors"] = errors,
        ["series"] = series,
        ["marks"] = marks,
    };

    private static JsonObject Totals(long succeeded, long errors, int peakOpen, long full, long resumed, JsonObject? latency, JsonObject? handshake) => new()
    {
        ["succeeded"] = succeeded,
        ["errors"] = errors,
        ["rate"] = succeeded / (double)Seconds,
        ["error_rate"] = errors / (double)(succeeded + errors),
        ["bytes_received"] = succeeded * 4_312,
        ["bytes_sent"] = succeeded * 61,
        ["full_handshakes"] = full,
        ["resumed_handshakes"] = resumed,
        ["events"] = 0,
        ["peak_open"] = peakOpen,
        ["latency_us"] = latency,
        ["handshake_us"] = handshake,
    };

    private static JsonObject Latency(long count, double median) => new()
    {
        ["count"] = count,
        ["mean"] = Math.Round(median * 1.31),
        ["p50"] = median,
        ["p90"] = Math.Round(median * 1.9),
        ["p99"] = Math.Round(median * 3.6),
        ["p999"] = Math.Round(median * 9.4),
        ["max"] = Math.Round(median * 38),
    };

    private static JsonObject Interval(
        int second, long succeeded, int open, int opening, long full, long resumed, double? p50, double? p99, double? p999, JsonObject errors) => new()
        {
            ["t"] = (double)second,
            ["length_s"] = 1.0,
            ["succeeded"] = succeeded,
            ["errors"] = errors.Sum(kind => kind.Value!.GetValue<int>()),
            ["open"] = open,
            ["opening"] = opening,
            ["full_handshakes"] = full,
            ["resumed_handshakes"] = resumed,
            ["bytes_received"] = succeeded * 4_312,
            ["bytes_sent"] = succeeded * 61,
            ["p50_us"] = p50,
            ["p99_us"] = p99,
            ["p999_us"] = p999,
            ["errors_by_kind"] = errors,
        };

    /// <summary>Log-normal with a few stragglers, in buckets an eighth of an octave wide; empty ones are left out.</summary>
    private static JsonArray Histogram(double median, long total)
    {
        var buckets = new JsonArray();
        for (double upper = median / 4; upper < median * 38; upper *= Math.Pow(2, 0.125))
        {
            double distance = Math.Log(upper / median) / 0.45, late = Math.Log(upper / (median * 7)) / 0.5;
            long count = (long)(total * (0.0766 * Math.Exp(-distance * distance / 2) + 0.0004 * Math.Exp(-late * late / 2)));
            if (count > 0)
                buckets.Add(new JsonArray(Math.Round(upper, 1), count));
        }
        return buckets;
    }

    private static JsonObject Errors(bool falters, int second) => (falters, second) switch
    {
        (true, _) => new JsonObject { ["http_status 503"] = 510, ["timeout headers"] = 95, ["http2 REFUSED_STREAM"] = 32 },
        (_, 35) => new JsonObject { ["http_status 503"] = 7 },
        _ => [],
    };

    private static JsonObject Error(string kind, string detail, int count) => new() { ["kind"] = kind, ["detail"] = detail, ["count"] = count };

    private static JsonArray Over(Func<int, JsonObject> interval) => new(Enumerable.Range(0, Seconds).Select(second => (JsonNode)interval(second)).ToArray());

    private static int PhonesOpen(int second) => second < 5
        ? 1_000 * (second + 1)
        : AfterStorm(second) switch { 0 => 2_100, 1 => 4_340, _ => 5_000 };

    private static int AfterStorm(int second) => second - Storms.LastOrDefault(at => at <= second, -100);

    private static double Strain(int second) => AfterStorm(second) switch { 0 => 1, 1 => 0.5, 2 => 0.12, _ => 0 };

    // As irregular as measurements, and the same every time.
    private static double Wave(int second, int seed) => (Math.Sin(second * 1.7 + seed) + Math.Sin(second * 0.61 + seed * 3) + Math.Sin(second * 4.3 + seed * 7)) / 3;
}
