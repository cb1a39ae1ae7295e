using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Hosting;
using Actors443.Telemetry;
using Actors443.WebSockets;
using Akka.Actor;
using Akka.DependencyInjection;
using Akka.Event;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.Requests;

/// <summary>What all routes to actors of one actor system share. Works with every server of ASP.NET Core.</summary>
internal sealed class ActorRequests : IExtension
{
    private readonly IActorRef _watch;
    private readonly IActorRef _sockets;
    private readonly ExtendedActorSystem _system;
    private int _homes;
    private readonly ConcurrentDictionary<IActorRef, bool> _watched = new(ReferenceEqualityComparer.Instance);

    private ActorRequests(ExtendedActorSystem system)
    {
        IServiceProvider host = DependencyResolver.For(system).Resolver.GetService<IServiceProvider>();
        TimeProvider time = host.GetService<TimeProvider>() ?? TimeProvider.System;
        Clock = new MonotonicClock(time);
        Exchanges = new RunningExchanges(Clock, time);
        Provider = system.Provider;
        ILoggerFactory loggers = host.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;
        Log = loggers.CreateLogger(LogCategories.Requests);
        IMeterFactory meters = host.GetRequiredService<IMeterFactory>();
        Metrics = new RequestMetrics(meters, Exchanges, Sockets);
        Sessions = new SessionMetrics(meters);
        _system = system;
        Guards = Actors443Parts.IsIn(system) ? Actors443Parts.Of(system).Services.GetRequiredService<RouteGuards>() : new RouteGuards(new RequestSettings(), Clock, meters, loggers);
        _watch = system.SystemActorOf(Props.Create<RequestWatchActor>(this, (Action<IActorRef>)Forget), "actors443-requests");
        // Here and not when it starts, or the dead letters of the first requests would not be heard.
        system.EventStream.Subscribe(_watch, typeof(DeadLetter));
        _sockets = system.SystemActorOf(Props.Create<WebSocketSupervisor>(), "actors443-sockets");
        system.RegisterOnTermination(Exchanges.Dispose);
    }

    public RunningExchanges Exchanges { get; }

    /// <summary>WebSockets that are open.</summary>
    public ConcurrentDictionary<WebSocketExchange, bool> Sockets { get; } = new(ReferenceEqualityComparer.Instance);

    public MonotonicClock Clock { get; }

    public ActorSystem System => _system;

    public IActorRefProvider Provider { get; }

    public ILogger Log { get; }

    public RequestMetrics Metrics { get; }

    public SessionMetrics Sessions { get; }

    public RouteGuards Guards { get; }

    public RequestSettings Settings => Guards.Settings;

    public static ActorRequests Of(ActorSystem system) => (ActorRequests)system.RegisterExtension(Id.Instance);

    /// <summary>Has requests fail at once that the actor holds when it stops. Once for each actor, however often it is called.</summary>
    public void Watch(IActorRef actor)
    {
        if (!_watched.ContainsKey(actor) && _watched.TryAdd(actor, true))
            _watch.Tell(new WatchTarget(actor), ActorRefs.NoSender);
    }

    /// <summary>An actor for one socket, stopped if it fails.</summary>
    public async ValueTask<IActorRef> MakeSocketActorAsync(Props props)
    {
        var made = new TaskCompletionSource<IActorRef>(TaskCreationOptions.RunContinuationsAsynchronously);
        _sockets.Tell(new MakeSocketActor(props, made), ActorRefs.NoSender);
        return await made.Task;
    }

    /// <summary>Whatever has the sessions of a route on this node.</summary>
    public IActorRef MakeSessionHome(Props props) => _system.SystemActorOf(props, $"actors443-sessions-{Interlocked.Increment(ref _homes)}");

    private void Forget(IActorRef actor)
    {
        foreach (IActorRef watched in _watched.Keys)
        {
            if (watched.Equals(actor))
                _watched.TryRemove(watched, out _);
        }
    }

    private sealed class Id : ExtensionIdProvider<ActorRequests>
    {
        public static Id Instance { get; } = new();

        public override ActorRequests CreateExtension(ExtendedActorSystem system) => new(system);
    }
}
