using System.Collections;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Actors443.Connections;
using Actors443.ProxyProtocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Actors443.Engine.EventLoop;

/// <summary>
/// A secured connection as Kestrel sees it. It is its own collection of features: those that Kestrel sets on every connection have a field each, so that
/// none costs a list.
/// </summary>
internal sealed class LoopConnectionContext(LoopConnection connection) : ConnectionContext, IFeatureCollection, IDuplexPipe,
    IConnectionIdFeature, IConnectionTransportFeature, IConnectionItemsFeature, IConnectionLifetimeFeature, IConnectionEndPointFeature, IConnectionSocketFeature, IConnectionHeartbeatFeature, IOutputTurns, IOutputRecords
{
    private readonly CancellationTokenSource _closed = new();
    // What waits for it goes on upon the loop: the rest of Kestrel's connection, which only strikes it off its list.
    private readonly TaskCompletionSource _disposed = new();
    private IConnectionHeartbeatFeature? _heartbeat;
    private IConnectionLifetimeNotificationFeature? _lifetimeNotification;
    private IConnectionCompleteFeature? _complete;
    private IConnectionMetricsTagsFeature? _metricsTags;
    private object? _metricsContext;
    private Dictionary<Type, object?>? _others;
    private IDictionary<object, object?>? _items;
    private IDuplexPipe? _transport;
    private EndPoint? _local;
    private EndPoint? _remote;
    private CancellationToken? _connectionClosed;
    private string? _id;
    private Socket? _socket;
    private int _revision;
    private int _fired;

    public LoopConnection Connection => connection;

    public override string ConnectionId
    {
        get => _id ?? connection.Id;
        set => _id = value;
    }

    public override IFeatureCollection Features => this;

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    public override IDuplexPipe Transport
    {
        get => _transport ?? this;
        set => _transport = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => _local ?? connection.Local;
        set => _local = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _remote ?? connection.Remote;
        set => _remote = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => _connectionClosed ?? _closed.Token;
        set => _connectionClosed = value;
    }

    PipeReader IDuplexPipe.Input => connection.Input;

    PipeWriter IDuplexPipe.Output => connection.Output;

    /// <summary>The socket, for those who look at its options. It does not own the descriptor.</summary>
    Socket IConnectionSocketFeature.Socket => _socket ??= connection.Descriptor is >= 0 and int descriptor
        ? new Socket(new SafeSocketHandle(descriptor, ownsHandle: false))
        : throw new ObjectDisposedException(nameof(Socket));

    bool IFeatureCollection.IsReadOnly => false;

    int IFeatureCollection.Revision => _revision;

    public object? this[Type key]
    {
        get => Find(key);
        set => Put(key, value);
    }

    public TFeature? Get<TFeature>() => (TFeature?)Find(typeof(TFeature));

    public void Set<TFeature>(TFeature? instance) => Put(typeof(TFeature), instance);

    public override void Abort() => connection.AbortByHttp();

    public override void Abort(ConnectionAbortedException abortReason) => connection.AbortByHttp();

    public override async ValueTask DisposeAsync()
    {
        await connection.Input.CompleteAsync();
        await connection.Output.CompleteAsync();
        connection.HttpEnded();
        await _disposed.Task;
        _socket?.Dispose();
        await base.DisposeAsync();
    }

    void IOutputRecords.CutAtFlushes() => connection.Output.CutAtFlushes();

    ValueTask IOutputTurns.NextTurnAsync() => connection.Output.NextTurnAsync();

    /// <summary>Kestrel asks for its heartbeat once it has made its HTTP connection, before that reads a byte.</summary>
    void IConnectionHeartbeatFeature.OnHeartbeat(Action<object> action, object state)
    {
        connection.AdoptHttp2(state);
        _heartbeat!.OnHeartbeat(action, state);
    }

    /// <summary>By the connection: nothing moves any more.</summary>
    public void FireClosed(bool inline)
    {
        if (Interlocked.Exchange(ref _fired, 1) == 1)
            return;
        if (inline)
            _closed.Cancel();
        else
            ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
    }

    /// <summary>By the connection: all is over.</summary>
    public void Disposed() => _disposed.TrySetResult();

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator()
    {
        Type[] known =
        [
            typeof(IActorConnectionFeature), typeof(ITlsConnectionFeature), typeof(ITlsHandshakeFeature), typeof(ITlsApplicationProtocolFeature), typeof(IConnectionIdFeature),
            typeof(IConnectionTransportFeature), typeof(IConnectionItemsFeature), typeof(IConnectionLifetimeFeature), typeof(IConnectionEndPointFeature),
            typeof(IConnectionSocketFeature), typeof(IConnectionHeartbeatFeature), typeof(IConnectionLifetimeNotificationFeature), typeof(IConnectionCompleteFeature),
            typeof(IConnectionMetricsTagsFeature),
        ];
        foreach (Type type in known.Concat(_others?.Keys.AsEnumerable() ?? []).Distinct())
        {
            if (Find(type) is { } feature)
                yield return new KeyValuePair<Type, object>(type, feature);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private object? Find(Type key)
    {
        if (_others is not null && _others.TryGetValue(key, out object? other))
            return other;
        if (key == typeof(IActorConnectionFeature) || key == typeof(ITlsConnectionFeature) || key == typeof(ITlsHandshakeFeature) || key == typeof(ITlsApplicationProtocolFeature))
            return connection;
        if (key == typeof(IConnectionLifetimeNotificationFeature))
            return _lifetimeNotification;
        if (key == typeof(IOutputRecords))
            return this;
        if (key == typeof(IOutputTurns))
            return connection.TakesTurns ? this : null;
        if (key == typeof(IConnectionHeartbeatFeature))
            return _heartbeat is not null && connection.KeepsHttp2OnLoop ? this : _heartbeat;
        if (key == typeof(IConnectionCompleteFeature))
            return _complete;
        if (key == typeof(IConnectionMetricsTagsFeature))
            return _metricsTags;
        if (key == KestrelEnd.Feature)
            return _metricsContext;
        if (key == typeof(IProxyProtocolFeature))
            return connection.Proxied;
        return key == typeof(IConnectionIdFeature) || key == typeof(IConnectionTransportFeature) || key == typeof(IConnectionItemsFeature)
            || key == typeof(IConnectionLifetimeFeature) || key == typeof(IConnectionEndPointFeature) || key == typeof(IConnectionSocketFeature)
            ? this
            : null;
    }

    private void Put(Type key, object? value)
    {
        _revision++;
        if (key == typeof(IConnectionHeartbeatFeature))
            _heartbeat = (IConnectionHeartbeatFeature?)value;
        else if (key == typeof(IConnectionLifetimeNotificationFeature))
            _lifetimeNotification = (IConnectionLifetimeNotificationFeature?)value;
        else if (key == typeof(IConnectionCompleteFeature))
            _complete = (IConnectionCompleteFeature?)value;
        else if (key == typeof(IConnectionMetricsTagsFeature))
            _metricsTags = (IConnectionMetricsTagsFeature?)value;
        else if (key == KestrelEnd.Feature)
            _metricsContext = value;
        else
            (_others ??= [])[key] = value;
    }
}
