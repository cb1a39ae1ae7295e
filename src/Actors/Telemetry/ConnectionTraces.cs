using System.Diagnostics;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Tls;

namespace Actors443.Telemetry;

/// <summary>Spans of connections, in OpenTelemetry's words. Costs a field read while nobody listens. Thread-safe.</summary>
internal static class ConnectionTraces
{
    /// <summary>On a handshake's and a request's span: the connection, as <c>conns</c> and the logs name it.</summary>
    public const string ConnectionTag = "actors443.connection.id";

    private static readonly ActivitySource Source = new(Actors443Meter.Name);

    /// <summary>Begins the span of a handshake; null: nobody listens, or it is not sampled. Ends when disposed of.</summary>
    public static Activity? StartHandshake(EngineConnection connection)
    {
        Activity? span = Source.StartActivity("tls_handshake", ActivityKind.Server);
        if (span is not { IsAllDataRequested: true })
            return span;
        span.SetTag(ConnectionTag, connection.Id);
        span.SetTag("network.peer.address", connection.Remote.Address.ToString());
        span.SetTag("network.peer.port", connection.Remote.Port);
        span.SetTag("tls.client.server_name", connection.ServerName);
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
}
