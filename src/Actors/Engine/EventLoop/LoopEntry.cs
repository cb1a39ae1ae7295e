using Actors443.Engine.EventLoop.Http2;
using Actors443.Engine.EventLoop.Tls;
using Actors443.Telemetry;
using Actors443.Tls;

namespace Actors443.Engine.EventLoop;

/// <summary>What the connections of one listener need to know of it. Immutable, shared by all loops.</summary>
internal sealed class LoopEntry(EventLoopEngine engine, ListenRequest request, TlsListening tls, ConnectionMetrics metrics, MonotonicClock clock, ILogger log, bool applicationsOnLoop, ServerTlsContexts contexts)
    : LoopOrigin(engine, request.Name, tls.Owners, metrics, clock, log, applicationsOnLoop)
{
    private Action<LoopConnectionContext> _enter = static _ => throw new InvalidOperationException("Kestrel has not started.");

    public ListenRequest Request => request;

    public TlsListening Tls => tls;

    public Func<HandshakeOptions, ServerTlsContext> MakeTlsContext { get; } = contexts.Make;

    /// <summary>Set once, before anything is accepted.</summary>
    public void EnterBy(Action<LoopConnectionContext> enter) => _enter = enter;

    /// <summary>How HTTP/2 is kept on the loop; null: Kestrel does as it always does. Set once, before anything is accepted.</summary>
    public Http2OnLoop? Http2 { get; set; }

    /// <summary>Hands a secured connection to Kestrel. On its loop.</summary>
    public void Enter(LoopConnectionContext context) => _enter(context);
}
