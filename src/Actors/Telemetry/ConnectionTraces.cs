using System.Diagnostics;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Tls;
using Microsoft.AspNetCore.Http;

namespace Actors443.Telemetry;

/// <summary>Spans of connections, in OpenTelemetry's words. Costs a field read while nobody listens. Thread-safe.</summary>
internal static class ConnectionTraces
{
    /// <summary>On a handshake's and a request's span: the connection, as <c>conns</c> and the logs name it.</summary>
    public const string ConnectionTag = "actors443.connection.id";

    /// <summary>Begins the span of a connection, as of its accept; null: nobody listens. Ends with its handshake, when disposed of.</summary>
    public static Activity? StartHandshake(EngineConnection connection)
    {
        if (!Spans.Source.HasListeners())
            return null;
        // The thread of a loop shakes hands with many at once: no connection's span is another's parent.
        Activity.Current = null;
        DateTimeOffset accepted = connection.Clock.UtcNow - TimeSpan.FromMilliseconds(connection.Clock.NowMs - connection.AcceptedAtMs);
        Activity? span = Spans.Source.StartActivity("tls_handshake", ActivityKind.Server, default(ActivityContext), startTime: accepted);
        Activity.Current = null;
        if (span is null)
            return null;
        connection.Trace = new ConnectionTrace(span);
        if (!span.IsAllDataRequested)
            return span;
        span.SetTag(ConnectionTag, connection.Id);
        span.SetTag("network.peer.address", connection.Remote.Address.ToString());
        span.SetTag("network.peer.port", connection.Remote.Port);
        span.SetTag("tls.client.server_name", connection.ServerName);
        foreach (LifecycleEntry happened in connection.Events)
            span.AddEvent(new ActivityEvent(happened.Kind.ToString(), accepted.AddMilliseconds(happened.SinceAcceptMs)));
        return span;
    }

    /// <summary>The handshake succeeded.</summary>
    public static void Completed(this Activity? span, EngineConnection connection)
    {
        if (span is not { IsAllDataRequested: true })
            return;
        span.SetTag("tls.protocol.name", "tls");
        span.SetTag("tls.protocol.version", TlsNames.Version(connection.TlsVersion));
        span.SetTag("tls.cipher", connection.CipherSuite?.ToString());
        span.SetTag("tls.next_protocol", connection.ApplicationProtocol.ToString());
        span.SetTag("tls.resumed", connection.Resumed);
        span.SetTag("tls.established", true);
    }

    /// <summary>The handshake failed.</summary>
    public static void Failed(this Activity? span, CloseReason reason, string? detail)
    {
        if (span is not { IsAllDataRequested: true })
            return;
        span.SetTag("tls.established", false);
        span.SetTag("error.type", reason.ToTag());
        span.SetStatus(ActivityStatusCode.Error, detail);
    }

    /// <summary>What the span of a request says of its connection.</summary>
    /// <param name="request">The span.</param>
    /// <param name="connection">What it came by.</param>
    /// <param name="headers">With the client's trace, if that is referred to; null: it is not.</param>
    public static void Describe(Activity request, EngineConnection connection, IHeaderDictionary? headers)
    {
        request.SetTag(ConnectionTag, connection.Id);
        if (connection.Trace is { } trace && trace.Handshake.TraceId != request.TraceId)
            request.AddLink(new ActivityLink(trace.Handshake.Context));
        if (headers is { TraceParent: { Count: 1 } parent } && ActivityContext.TryParse(parent, headers.TraceState, isRemote: true, out ActivityContext client))
            request.AddLink(new ActivityLink(client));
    }
}
