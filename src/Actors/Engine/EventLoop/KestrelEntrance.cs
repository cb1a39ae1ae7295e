using System.Collections;
using System.Linq.Expressions;
using System.Net;
using System.Reflection;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;

namespace Actors443.Engine.EventLoop;

/// <summary>
/// Brings connections into Kestrel. Its own way in is an accept loop and then the thread pool, two changes of thread for each connection. So its connection object is
/// made here as its accept loop makes it, and runs on the event loop at once. Should a later Kestrel be made otherwise, its accept loop serves.
/// </summary>
internal sealed class KestrelEntrance(EndPoint endPoint) : IConnectionListenerFactory, IConnectionListener
{
    /// <summary>Kestrel's members, public or not.</summary>
    public const BindingFlags AnyMember = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>();

    public EndPoint EndPoint => endPoint;

    /// <summary>The rest of the way, from where TLS is done. Set by a middleware when Kestrel starts.</summary>
    public ConnectionDelegate? Next { get; set; }

    /// <summary>How to enter, once Kestrel has started.</summary>
    /// <param name="server">Kestrel.</param>
    /// <param name="direct">False: by its accept loop.</param>
    public Action<ConnectionContext> Open(IServer server, out bool direct)
    {
        Action<ConnectionContext>? way = Next is null ? null : Compile(server, Next);
        direct = way is not null;
        return way ?? (context => _accepted.Writer.TryWrite(context));
    }

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => ValueTask.FromResult<IConnectionListener>(this);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _accepted.Reader.WaitToReadAsync(cancellationToken) && _accepted.Reader.TryRead(out ConnectionContext? context) ? context : null;

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _accepted.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    /// <summary>What Kestrel's parts share, its ServiceContext; null: this Kestrel is made otherwise.</summary>
    public static object? ServicesOf(IServer server) => KestrelOf(server) is { } kestrel ? kestrel.GetType().GetProperty("ServiceContext", AnyMember)?.GetValue(kestrel) : null;

    private static object? KestrelOf(IServer server) =>
        server.GetType().Name == "KestrelServerImpl" ? server : server.GetType().GetField("_innerKestrelServer", AnyMember)?.GetValue(server);

    // What ConnectionDispatcher does for each connection it accepts, without the thread pool.
    private static Action<ConnectionContext>? Compile(IServer server, ConnectionDelegate next)
    {
        object? kestrel = KestrelOf(server);
        object? services = ServicesOf(server);
        object? transports = kestrel?.GetType().GetField("_transportManager", AnyMember)?.GetValue(kestrel);
        object? transport = (transports?.GetType().GetField("_transports", AnyMember)?.GetValue(transports) as IEnumerable)?.Cast<object>().FirstOrDefault();
        object? manager = transport?.GetType().GetProperty("TransportConnectionManager", AnyMember)?.GetValue(transport);
        object? metrics = services?.GetType().GetProperty("Metrics", AnyMember)?.GetValue(services);
        object? log = services?.GetType().GetProperty("Log", AnyMember)?.GetValue(services);
        if (manager is null || metrics is null || log is null)
            return null;
        Type? open = kestrel!.GetType().Assembly.GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Infrastructure.KestrelConnection`1");
        ConstructorInfo? constructor = open?.MakeGenericType(typeof(ConnectionContext)).GetConstructors(AnyMember).FirstOrDefault();
        MethodInfo? newId = manager.GetType().GetMethod("GetNewConnectionId", AnyMember);
        MethodInfo? add = manager.GetType().GetMethod("AddConnection", AnyMember);
        MethodInfo? createContext = metrics.GetType().GetMethod("CreateContext", AnyMember);
        MethodInfo? queued = metrics.GetType().GetMethod("ConnectionQueuedStart", AnyMember);
        if (constructor is null || newId is null || add is null || createContext is null || queued is null)
            return null;
        Func<ConnectionContext, Task> rest = context => next(context);
        try
        {
            ParameterExpression context = Expression.Parameter(typeof(ConnectionContext));
            ParameterExpression id = Expression.Variable(typeof(long));
            ParameterExpression metricsContext = Expression.Variable(createContext.ReturnType);
            ParameterExpression made = Expression.Variable(constructor.DeclaringType!);
            Expression body = Expression.Block(
                [id, metricsContext, made],
                Expression.Assign(id, Expression.Call(Expression.Constant(manager), newId)),
                Expression.Assign(metricsContext, Expression.Call(Expression.Constant(metrics), createContext, context)),
                Expression.Assign(made, Expression.New(constructor, id, Expression.Constant(services), Expression.Constant(manager), Expression.Constant(rest), context, Expression.Constant(log), metricsContext)),
                Expression.Call(Expression.Constant(manager), add, id, made),
                Expression.Call(Expression.Constant(metrics), queued, metricsContext),
                Expression.Call(made, typeof(IThreadPoolWorkItem).GetMethod(nameof(IThreadPoolWorkItem.Execute))!));
            return Expression.Lambda<Action<ConnectionContext>>(body, context).Compile();
        }
        catch (ArgumentException)
        {
            // Other parameters than today's.
            return null;
        }
    }
}
