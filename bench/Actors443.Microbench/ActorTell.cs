using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine.EventLoop;
using Actors443.Hosting;
using Akka.Actor;
using BenchmarkDotNet.Attributes;

namespace Actors443.Microbench;

/// <summary>A message from the data path to its connection's actor and its handling, per message: across the thread pool, and on the loop both share.</summary>
public class ActorTell
{
    private const int Messages = 100_000;

    private ActorSystem _system = null!;
    private EventLoop _loop = null!;
    private IActorRef _onPool = null!;
    private IActorRef _onLoop = null!;

    [GlobalSetup]
    public void Setup()
    {
        _system = ActorSystem.Create("bench", "akka { loglevel = ERROR, log-dead-letters = off }\n" + ActorSystemHocon.For(new Actors443Settings()));
        _loop = new EventLoop("bench-loop");
        _loop.Start();
        _onPool = _system.ActorOf(Props.Create<Counter>().WithDispatcher(ConnectionSupervisor.DispatcherPath).WithMailbox(ConnectionSupervisor.MailboxPath));
        IActorRef maker = _system.ActorOf(Props.Create<LoopMaker>(_loop));
        _onLoop = maker.Ask<IActorRef>("one").GetAwaiter().GetResult();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _system.Terminate().GetAwaiter().GetResult();
        _loop.Stop();
        _loop.Ended.GetAwaiter().GetResult();
        _loop.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public void ToTheThreadPool() => Send(_onPool);

    /// <summary>From another thread: one wake-up for many.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public void ToALoopFromOutside() => Send(_onLoop);

    [Benchmark(OperationsPerInvoke = Messages)]
    public void OnTheSameLoop()
    {
        var done = new TaskCompletionSource();
        _loop.Post(new Sender(_onLoop, done));
        done.Task.GetAwaiter().GetResult();
    }

    private static void Send(IActorRef target)
    {
        var done = new TaskCompletionSource();
        for (int index = 1; index < Messages; index++)
            target.Tell(StageAdvanced.Instance, ActorRefs.NoSender);
        target.Tell(done, ActorRefs.NoSender);
        done.Task.GetAwaiter().GetResult();
    }

    private sealed class Sender(IActorRef target, TaskCompletionSource done) : Akka.Dispatch.IRunnable
    {
        private int _sent;

        // A few, then the loop's turn: as a connection's events come.
        public void Run()
        {
            for (int burst = 0; burst < 2 && _sent < Messages - 1; burst++, _sent++)
                target.Tell(StageAdvanced.Instance, ActorRefs.NoSender);
            if (_sent == Messages - 1)
                target.Tell(done, ActorRefs.NoSender);
            else
                EventLoop.Current!.Post(this);
        }

        public void Execute() => Run();
    }

    private sealed class Counter : ActorBase
    {
        private long _count;

        protected override bool Receive(object message)
        {
            _count++;
            if (message is TaskCompletionSource done)
                done.SetResult();
            return true;
        }
    }

    private sealed class LoopMaker : ReceiveActor
    {
        public LoopMaker(EventLoop loop) => Receive<string>(_ =>
            Sender.Tell(loop.CreateActors(() => Context.ActorOf(Props.Create<Counter>().WithDispatcher(LoopExecutor.DispatcherPath).WithMailbox(LoopExecutor.MailboxPath)))));
    }
}
