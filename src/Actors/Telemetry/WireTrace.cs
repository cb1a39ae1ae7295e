using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Actors443.Telemetry;

/// <summary>The trace of a message between nodes, as W3C Trace Context writes it.</summary>
/// <param name="Parent"><c>traceparent</c>.</param>
/// <param name="State"><c>tracestate</c>; null: none.</param>
internal sealed record WireTrace([property: JsonPropertyName("traceparent")] string Parent, [property: JsonPropertyName("tracestate")] string? State)
{
    // W3C Trace Context 3.3.1.5: at least so much is to be passed on; it may be left out, but not be cut.
    private const int LongestState = 512;

    /// <summary>Null: the message is not traced.</summary>
    public static WireTrace? Of(object message) => MessageTrace.Of(message) is { TraceId: var trace } context && trace != default ? Of(context) : null;

    /// <summary>Null: nothing is traced now.</summary>
    public static WireTrace? OfCurrent() => Spans.Current is { } now ? Of(now.Context) : null;

    public static WireTrace Of(ActivityContext context) => new(
        string.Create(CultureInfo.InvariantCulture, $"00-{context.TraceId}-{context.SpanId}-{(int)context.TraceFlags:x2}"),
        context.TraceState is { Length: > 0 and <= LongestState } state ? state : null);

    /// <summary>The message goes on in it, unless nobody listens here or it cannot be read: a trace is worth no message.</summary>
    public void AttachTo(object message)
    {
        if (Spans.Source.HasListeners() && ActivityContext.TryParse(Parent, State, isRemote: true, out ActivityContext context))
            MessageTrace.Attach(message, context);
    }
}
