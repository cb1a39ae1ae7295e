using System.IO.Pipelines;
using System.Text;
using Actors443.Connections;
using Actors443.Engine;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Actors443.Tunnels.Http;

/// <summary>The client's end of a tunnel, as far as HTTP carries it.</summary>
internal abstract class TunnelCarrier : IDuplexPipe
{
    private Tunnel? _flushing;

    public abstract PipeReader Input { get; }

    public abstract PipeWriter Output { get; }

    /// <summary>The client was cut off, though its bytes just end.</summary>
    public virtual bool IsCutOff => false;

    /// <summary>Tells the client that it has its tunnel. The pipes are its from now on.</summary>
    /// <param name="headers">More to tell it.</param>
    public abstract ValueTask AcceptAsync(params (string Name, string Value)[] headers);

    /// <summary>Cuts it: whoever waits for the client waits no more. Any thread.</summary>
    public void Cut()
    {
        IsInterrupted = true;
        Interrupt(TunnelEndReason.ClientReset);
    }

    /// <summary>Ends it: in order if the reason is such and the client takes what it is sent, else by a reset.</summary>
    public abstract ValueTask EndAsync(TunnelEndReason reason);

    /// <summary>Sends what was written, and waits for the client if it is slow. False: it is gone, or the tunnel has been ended meanwhile.</summary>
    public ValueTask<bool> FlushAsync(Tunnel tunnel)
    {
        ValueTask<FlushResult> flush = Output.FlushAsync(CancellationToken.None);
        return flush.IsCompletedSuccessfully ? new ValueTask<bool>(!flush.Result.IsCompleted) : Awaited(flush, tunnel);
    }

    /// <summary>The tunnel has been ended: whoever waits for the client waits no more. Any thread.</summary>
    public virtual void Interrupt(Tunnel tunnel)
    {
        Input.CancelPendingRead();
        if (!IsFlushing)
            return;
        IsInterrupted = true;
        Interrupt(tunnel.Reason);
    }

    /// <summary>Somebody waits for the client to take what it is sent.</summary>
    protected bool IsFlushing => Volatile.Read(ref _flushing) is not null;

    /// <summary>What was sent is not all on its way.</summary>
    protected bool IsInterrupted { get; set; }

    /// <summary>Frees the writer that waits for the client.</summary>
    protected abstract void Interrupt(TunnelEndReason reason);

    private async ValueTask<bool> Awaited(ValueTask<FlushResult> flush, Tunnel tunnel)
    {
        Volatile.Write(ref _flushing, tunnel);
        Interlocked.MemoryBarrier();
        if (tunnel.HasEnded)
            Interrupt(tunnel);
        bool goesOn = await flush is { IsCompleted: false, IsCanceled: false };
        Volatile.Write(ref _flushing, null);
        return goesOn;
    }

    /// <summary>Whether what was sent before is to arrive.</summary>
    protected bool IsOrderly(TunnelEndReason reason) =>
        !IsInterrupted && reason is not (TunnelEndReason.ClientReset or TunnelEndReason.TargetReset or TunnelEndReason.Superseded or TunnelEndReason.ProtocolError or TunnelEndReason.ActorStopped or TunnelEndReason.InternalError);
}

/// <summary>
/// HTTP/1.1: the connection itself, taken over from Kestrel. Kestrel answers CONNECT like any request, with a body in chunks, and upgrades by 101 alone; but while it serves a
/// request without a body it leaves the transport alone.
/// </summary>
internal sealed class Http1Carrier(HttpContext context, EngineConnection connection, int status = StatusCodes.Status200OK, string statusLine = "HTTP/1.1 200 Connection established\r\n") : TunnelCarrier
{
    private readonly IDuplexPipe _transport = context.Features.GetRequiredFeature<IConnectionTransportFeature>().Transport;

    public override PipeReader Input => _transport.Input;

    public override PipeWriter Output => _transport.Output;

    public override bool IsCutOff => connection.WasCutOff;

    public override async ValueTask AcceptAsync(params (string Name, string Value)[] headers)
    {
        connection.ProtocolUpgraded();
        // Kestrel does not send it; whoever keeps a log of requests reads it.
        context.Response.StatusCode = status;
        string head = string.Concat(headers.Select(header => $"{header.Name}: {header.Value}\r\n"));
        await Output.WriteAsync(Encoding.ASCII.GetBytes(statusLine + head + "\r\n"));
    }

    public override ValueTask EndAsync(TunnelEndReason reason)
    {
        if (IsOrderly(reason))
        {
            connection.EndTakeOver(ToCloseReason(reason));
            connection.RequestClose();
        }
        else
            connection.Abort(ToCloseReason(reason), reason == TunnelEndReason.TargetReset ? "the target of the tunnel was lost" : null);
        // Otherwise Kestrel would answer the request.
        context.Abort();
        return ValueTask.CompletedTask;
    }

    // Half a TLS record may be under way: there is no order to end in.
    protected override void Interrupt(TunnelEndReason reason) => connection.Abort(ToCloseReason(reason));

    private static CloseReason ToCloseReason(TunnelEndReason reason) => reason switch
    {
        TunnelEndReason.ClientClosed => CloseReason.ClientClosed,
        TunnelEndReason.TargetClosed => CloseReason.ServerClosed,
        TunnelEndReason.ClientReset => CloseReason.ClientReset,
        TunnelEndReason.TargetReset => CloseReason.AbortedByApplication,
        TunnelEndReason.IdleTimeout => CloseReason.IdleTimeout,
        TunnelEndReason.AgeLimit => CloseReason.AgeLimit,
        TunnelEndReason.Killed or TunnelEndReason.NotAllowedAnyMore => CloseReason.ClosedByRequest,
        TunnelEndReason.ProtocolError => CloseReason.ProtocolError,
        TunnelEndReason.ActorStopped => CloseReason.ActorFailed,
        _ => CloseReason.InternalError,
    };
}

/// <summary>HTTP/2 and 3: one stream of the connection (RFC 9113 8.5, RFC 9114 4.4).</summary>
internal sealed class StreamCarrier(HttpContext context) : TunnelCarrier
{
    // CONNECT_ERROR (RFC 9113 7) and H3_CONNECT_ERROR (RFC 9114 8.1).
    private readonly int _connectError = HttpProtocol.IsHttp3(context.Request.Protocol) ? 0x10f : 0xa;

    private Stream? _accepted;
    private PipeReader? _input;
    private PipeWriter? _output;

    public override PipeReader Input => _input ??= _accepted is null ? context.Request.BodyReader : PipeReader.Create(_accepted, new StreamPipeReaderOptions(bufferSize: 16 * 1024, leaveOpen: true));

    public override PipeWriter Output => _output ??= _accepted is null ? context.Response.BodyWriter : PipeWriter.Create(_accepted, new StreamPipeWriterOptions(minimumBufferSize: 16 * 1024, leaveOpen: true));

    /// <summary>A tunnel is no body: it may be of any length, and silent for as long as it likes.</summary>
    public static void LiftLimits(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        if (context.Features.Get<IHttp2StreamIdFeature>() is { } stream && context.Features.Get<IActorConnectionFeature>() is EngineConnection { Http2: { } frames })
            frames.Endure(stream.StreamId);
    }

    public override async ValueTask AcceptAsync(params (string Name, string Value)[] headers)
    {
        LiftLimits(context);
        context.Response.StatusCode = StatusCodes.Status200OK;
        foreach ((string name, string value) in headers)
            context.Response.Headers[name] = value;
        // Of an extended CONNECT (RFC 8441) Kestrel shows no body; there is a stream instead.
        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            _accepted = await connect.AcceptAsync();
            return;
        }

        await context.Response.StartAsync();
        await Output.FlushAsync();
    }

    public override async ValueTask EndAsync(TunnelEndReason reason)
    {
        if (IsOrderly(reason))
            await context.Response.CompleteAsync();
        else if (context.Features.Get<IHttpResetFeature>() is { } stream)
            stream.Reset(_connectError);
        else
            context.Abort();
    }

    protected override void Interrupt(TunnelEndReason reason) => Output.CancelPendingFlush();
}
