using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Actors443.Testing;

/// <summary>A span as it was exported.</summary>
/// <param name="Process">The instance of the service that it is of.</param>
/// <param name="Trace">In hexadecimal.</param>
/// <param name="Id">In hexadecimal.</param>
/// <param name="Parent">In hexadecimal; empty: none.</param>
/// <param name="Name">What it is called.</param>
internal sealed record CollectedSpan(string Process, string Trace, string Id, string Parent, string Name);

/// <summary>Takes traces by OTLP over HTTP (protobuf), and reads of them what tests look at.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _application;

    private OtlpCollector(WebApplication application) => _application = application;

    public ConcurrentQueue<CollectedSpan> Spans { get; } = new();

    public Uri Address => new(_application.Urls.Single());

    public static async Task<OtlpCollector> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        WebApplication application = builder.Build();
        application.Urls.Add("http://127.0.0.1:0");
        var collector = new OtlpCollector(application);
        application.MapPost("/v1/traces", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            foreach (ByteString resourceSpans in Fields(ByteString.CopyFrom(body.ToArray()), 1))
                collector.Take(resourceSpans);
        });
        await application.StartAsync();
        return collector;
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();

    // opentelemetry/proto/trace/v1/trace.proto: resource_spans = 1 { resource = 1 { attributes = 1 }, scope_spans = 2 { spans = 2 { trace_id = 1, span_id = 2, parent_span_id = 4, name = 5 } } }
    private void Take(ByteString resourceSpans)
    {
        string process = Fields(resourceSpans, 1).SelectMany(resource => Fields(resource, 1)).Where(attribute => One(attribute, 1).ToStringUtf8() == "service.instance.id")
            .Select(attribute => One(One(attribute, 2), 1).ToStringUtf8()).Single();
        foreach (ByteString span in Fields(resourceSpans, 2).SelectMany(scope => Fields(scope, 2)))
            Spans.Enqueue(new CollectedSpan(process, Hex(One(span, 1)), Hex(One(span, 2)), Hex(One(span, 4)), One(span, 5).ToStringUtf8()));
    }

    private static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);

    private static ByteString One(ByteString message, int number) => Fields(message, number).FirstOrDefault(ByteString.Empty);

    private static List<ByteString> Fields(ByteString message, int number)
    {
        var found = new List<ByteString>();
        var input = new CodedInputStream(message.ToByteArray());
        while (input.ReadTag() is not 0 and var tag)
        {
            if (WireFormat.GetTagFieldNumber(tag) == number && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                found.Add(input.ReadBytes());
            else
                input.SkipLastField();
        }

        return found;
    }
}
