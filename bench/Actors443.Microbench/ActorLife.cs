using System.Net;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Engine.EventLoop;
using Actors443.Hosting;
using Akka.Actor;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.Microbench;

/// <summary>An actor made, told twice and ended, per actor: a ConnectionActor as its supervisor makes it on the thread pool, and an empty one on an event loop.</summary>
public class ActorLife
{
    private const int Actors = 1_000;

    private readonly BenchConnection[] _all = new BenchConnection[Actors];
    private ActorSystem _system = null!;
    private EventLoop _loop = null!;
    private IActorRef _connections = null!;
    private IActorRef _onLoop = null!;
    private MonotonicClock _clock = null!;

    [GlobalSetup]
    public void Setup()
    {
        var settings = new Actors443Settings();
        _clock = new MonotonicClock(TimeProvider.System);
        _system = ActorSystem.Create("bench", "akka { loglevel = ERROR, log-dead-letters = off }\n" + ActorSystemHocon.For(settings));
        var gate = new AdmissionGate(new AdmissionSettings { MaximumHandshakes = Actors * 2 }, TimeProvider.System);
        _connections = _system.ActorOf(ConnectionSupervisor.Props(ActorPlace.ThreadPool, gate, new HandshakeQueue(gate), new ConnectionLifetimes(settings.Deadlines, settings.Drain), _clock, NullLoggerFactory.Instance));
        _loop = new EventLoop("bench-loop");
        _loop.Start();
        IActorRef maker = _system.ActorOf(Props.Create<LoopParentMaker>(_loop));
        _onLoop = maker.Ask<IActorRef>("parent").GetAwaiter().GetResult();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _system.Terminate().GetAwaiter().GetResult();
        _loop.Stop();
        _loop.Ended.GetAwaiter().GetResult();
        _loop.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Actors)]
    public void ConnectionActorOnThePool()
    {
        for (int index = 0; index < Actors; index++)
        {
            _all[index] = new BenchConnection(_clock);
            _connections.Tell(new ConnectionAccepted(_all[index]), ActorRefs.NoSender);
        }

        // Each has its actor, and ends only then: one that has ended before is given none.
        foreach (BenchConnection connection in _all)
        {
            while (connection.Actor.IsNobody())
                Thread.Yield();
            connection.End();
        }

        while (_connections.Ask<ConnectionList>(ListConnections.Instance).GetAwaiter().GetResult().Connections.Count > 0)
            Thread.Yield();
    }

    [Benchmark(OperationsPerInvoke = Actors)]
    public void EmptyActorOnALoop() => _onLoop.Ask<bool>(Actors).GetAwaiter().GetResult();

    private sealed class BenchConnection(MonotonicClock clock)
        : EngineConnection("bench", new IPEndPoint(IPAddress.Loopback, 1), new IPEndPoint(IPAddress.Loopback, 443), clock)
    {
        public void End()
        {
            SetOrderlyReason(CloseReason.ClientClosed);
            AdvanceTo(ConnectionState.Closed);
        }

        public override void RequestClose()
        {
            // Nothing is under way.
        }

        protected override void AbortTransport() => AdvanceTo(ConnectionState.Closed);
    }

    private sealed class LoopParentMaker : ReceiveActor
    {
        public LoopParentMaker(EventLoop loop) => Receive<string>(_ =>
            Sender.Tell(loop.CreateActors(() => Context.ActorOf(Props.Create<LoopParent>().WithDispatcher(LoopExecutor.DispatcherPath).WithMailbox(LoopExecutor.MailboxPath)))));
    }

    private sealed class LoopParent : UntypedActor
    {
        private static readonly Props Child = Props.CreateBy(new Producer()).WithDispatcher(LoopExecutor.DispatcherPath).WithMailbox(LoopExecutor.MailboxPath);
        private IActorRef _asker = ActorRefs.Nobody;
        private int _left;

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case int count:
                    _asker = Sender;
                    _left = count;
                    for (int index = 0; index < count; index++)
                    {
                        IActorRef child = Context.ActorOf(Child);
                        child.Tell("work", Self);
                        child.Tell("end", Self);
                    }

                    break;
                case "ended" when --_left == 0:
                    _asker.Tell(true, Self);
                    break;
            }
        }

        private sealed class Producer : IIndirectActorProducer
        {
            public Type ActorType => typeof(Empty);

            public ActorBase Produce() => new Empty();

            public void Release(ActorBase actor)
            {
                // It holds nothing.
            }
        }

        private sealed class Empty : ActorBase
        {
            protected override bool Receive(object message)
            {
                if (message is "end")
                {
                    Context.Parent.Tell("ended", Self);
                    Context.Stop(Self);
                }

                return true;
            }
        }
    }
}
