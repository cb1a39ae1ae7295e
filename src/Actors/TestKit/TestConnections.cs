using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Routing.Conversations;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.TestKit;

/// <summary>
/// Real connection actors under their real supervisor, in any actor system, such as that of Akka.TestKit, over connections in memory: no sockets, no TLS, no HTTP. Abnormal ends
/// leave an <see cref="Obituary"/> on the event stream. Deadlines go by the <see cref="TimeProvider"/> that is given, else by the clock of the actor system's scheduler: with Akka's
/// <c>TestScheduler</c> that is virtual, and advancing it is enough. Thread-safe.
/// </summary>
public sealed class TestConnections : IDisposable
{
    private readonly ActorSystem _system;
    private readonly MonotonicClock _clock;
    private readonly ConnectionLifetimes _lifetimes;
    private readonly ITimer? _timer;
    private readonly ICancelable? _ticks;

    /// <param name="system">Where the actors live.</param>
    /// <param name="settings">For their deadlines and limits; null: the defaults.</param>
    /// <param name="time">The clock of their deadlines; null: the scheduler's.</param>
    public TestConnections(ActorSystem system, Actors443Settings? settings = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        settings ??= new Actors443Settings();
        _system = system;
        TimeProvider clock = time ?? new SchedulerTime(system.Scheduler);
        _clock = new MonotonicClock(clock);
        _lifetimes = new ConnectionLifetimes(settings.Deadlines, settings.Drain);
        var gate = new AdmissionGate(settings.Admission, clock);
        Supervisor = system.ActorOf(ConnectionSupervisor.Props(ActorPlace.Anywhere, gate, new HandshakeQueue(gate), _lifetimes, _clock, NullLoggerFactory.Instance));
        TimeSpan tick = TimeSpan.FromMilliseconds(ConnectionSupervisor.TickMs);
        if (time is null)
            _ticks = system.Scheduler.ScheduleTellRepeatedlyCancelable(tick, tick, Supervisor, WheelTick.Instance, ActorRefs.NoSender);
        else
            _timer = time.CreateTimer(static supervisor => ((IActorRef)supervisor!).Tell(WheelTick.Instance, ActorRefs.NoSender), Supervisor, tick, tick);
    }

    /// <summary>The parent of their actors.</summary>
    public IActorRef Supervisor { get; }

    /// <summary>Tells an actor <see cref="ConnectionOpened"/> and <see cref="ConnectionClosed"/> of the connections that come from now on.</summary>
    public void Observe(IActorRef observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        _lifetimes.Observers.Add(observer);
    }

    /// <summary>A client connects; nothing of its handshake has come yet.</summary>
    /// <param name="client">Who; null: <see cref="TestClient.Default"/>.</param>
    public async Task<DrivenConnection> AcceptAsync(TestClient? client = null)
    {
        var connection = new InMemoryConnection(client ?? TestClient.Default, "test", _clock);
        Supervisor.Tell(new ConnectionAccepted(connection), ActorRefs.NoSender);
        if (!await connection.IsOwnedAsync(CancellationToken.None))
            throw new InvalidOperationException("The connection got no actor; is the actor system stopping?");
        return new DrivenConnection(connection);
    }

    /// <summary>A client connects, and its handshake is done.</summary>
    /// <param name="client">Who; null: <see cref="TestClient.Default"/>.</param>
    public async Task<DrivenConnection> OpenAsync(TestClient? client = null)
    {
        DrivenConnection connection = await AcceptAsync(client);
        connection.ReadHello();
        connection.StartHandshake();
        connection.CompleteHandshake();
        return connection;
    }

    /// <summary>
    /// A client connects whose protocol this actor speaks, as with <see cref="Hosting.Actors443Options.MapProtocol{TActor}"/>: it is told <see cref="ProtocolOpened"/>, and what is
    /// written to <see cref="TestConnection.Stream"/> as it asks.
    /// </summary>
    /// <param name="actor">Speaks the protocol.</param>
    /// <param name="client">Who; null: <see cref="TestClient.Default"/>.</param>
    /// <param name="idle">It is ended after so long without a byte; null: never.</param>
    public async Task<TestConnection> OpenProtocolAsync(IActorRef actor, TestClient? client = null, TimeSpan? idle = null)
    {
        ArgumentNullException.ThrowIfNull(actor);
        InMemoryConnection connection = (await OpenAsync(client)).Connection;
        var protocol = new MappedProtocol(connection.ApplicationProtocol.ToString(), actor.Path.ToString(), _ => actor, idle);
        _ = InMemoryEngine.CarryAsync(connection, () => protocol.ServeAsync(connection, connection, ActorRegistry.For(_system), guard: null));
        return new TestConnection(connection);
    }

    /// <summary>Ends them all, and their actors.</summary>
    public void Dispose()
    {
        _timer?.Dispose();
        _ticks?.Cancel();
        _system.Stop(Supervisor);
    }
}
