using Actors443.Connections;
using Actors443.Engine.EventLoop;
using Akka.Actor;

namespace Actors443.Engine;

/// <summary>Where actors of connections run: the thread pool, or one event loop.</summary>
internal sealed class ActorPlace
{
    private readonly EventLoop.EventLoop? _loop;

    private ActorPlace(EventLoop.EventLoop? loop) => _loop = loop;

    public static ActorPlace ThreadPool { get; } = new(null);

    /// <summary>Wherever the actor system has its actors: one that knows no dispatcher of ours.</summary>
    public static ActorPlace Anywhere { get; } = new(null);

    public static ActorPlace On(EventLoop.EventLoop loop) => new(loop);

    /// <summary>For the actor that owns one connection.</summary>
    public Props ForConnection(Props props) => ReferenceEquals(this, Anywhere) ? props : _loop is null
        ? props.WithDispatcher(ConnectionSupervisor.DispatcherPath).WithMailbox(ConnectionSupervisor.MailboxPath)
        : OnLoop(props);

    public Props ForSupervisor(Props props) => ReferenceEquals(this, Anywhere) ? props : _loop is null ? props.WithDispatcher(ConnectionSupervisor.DispatcherPath) : OnLoop(props);

    /// <summary>Makes actors that are to live here.</summary>
    public T Create<T>(Func<T> create) => _loop is null ? create() : _loop.CreateActors(create);

    private static Props OnLoop(Props props) => props.WithDispatcher(LoopExecutor.DispatcherPath).WithMailbox(LoopExecutor.MailboxPath);
}
