using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Engine.Portable;

/// <summary>A connection as Kestrel's HTTP code sees it: the transport's, but that an abort after a take-over is none.</summary>
internal sealed class PortableConnectionContext(ConnectionContext transport, PortableConnection connection) : ConnectionContext
{
    public override string ConnectionId
    {
        get => transport.ConnectionId;
        set => transport.ConnectionId = value;
    }

    public override IFeatureCollection Features => transport.Features;

    public override IDictionary<object, object?> Items
    {
        get => transport.Items;
        set => transport.Items = value;
    }

    public override System.IO.Pipelines.IDuplexPipe Transport
    {
        get => transport.Transport;
        set => transport.Transport = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => transport.LocalEndPoint;
        set => transport.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => transport.RemoteEndPoint;
        set => transport.RemoteEndPoint = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => transport.ConnectionClosed;
        set => transport.ConnectionClosed = value;
    }

    public override void Abort()
    {
        if (!connection.AbortIsEnd)
            transport.Abort();
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (!connection.AbortIsEnd)
            transport.Abort(abortReason);
    }

    public override async ValueTask DisposeAsync()
    {
        await transport.DisposeAsync();
        await base.DisposeAsync();
    }
}
