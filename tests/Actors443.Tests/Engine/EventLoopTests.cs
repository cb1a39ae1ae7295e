using System.Net;
using System.Net.Sockets;
using Actors443.Engine.EventLoop;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Testing;
using Akka.Actor;
using Akka.Dispatch;

namespace Actors443.Tests.Engine;

/// <summary>A loop with real descriptors, and actors that live on it.</summary>
public sealed class EventLoopTests : IAsyncLifetime
{
    private readonly EventLoop _loop = new("test-loop");
    private readonly ActorSystem _system = ActorSystem.Create("loops", LoopExecutor.Hocon);

    public Task InitializeAsync()
    {
        _loop.Start();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _system.Terminate();
        _loop.Stop();
        await _loop.Ended;
        _loop.Dispose();
    }

    [Fact]
    public void The_kernels_event_has_the_layout_of_this_processor()
    {
        bool packed = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture is System.Runtime.InteropServices.Architecture.X64 or System.Runtime.InteropServices.Architecture.X86;

        Assert.Equal(packed ? (12, 4) : (16, 8), (EpollEvents.Size, EpollEvents.DataOffset));
    }

    [Fact]
    public async Task An_actor_and_its_children_run_on_the_loop_whoever_tells_them()
    {
        IActorRef parent = await CreateAsync();

        string[] threads = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => parent.Ask<string>("thread", TimeSpan.FromSeconds(10)))));
        string child = await parent.Ask<string>("child", TimeSpan.FromSeconds(10));

        Assert.All(threads, thread => Assert.Equal("test-loop", thread));
        Assert.Equal("test-loop", child);
    }

    [Fact]
    public async Task Messages_of_one_sender_stay_in_order()
    {
        IActorRef parent = await CreateAsync();
        for (int number = 0; number < 10_000; number++)
            parent.Tell(number);

        int[] seen = await parent.Ask<int[]>("numbers", TimeSpan.FromSeconds(10));

        Assert.Equal(Enumerable.Range(0, 10_000), seen);
    }

    [Fact]
    public async Task An_actor_that_is_not_made_on_a_loop_is_refused()
    {
        IActorRef lost = _system.ActorOf(Props.Create<Parent>().WithDispatcher(LoopExecutor.DispatcherPath).WithMailbox(LoopExecutor.MailboxPath));

        await Assert.ThrowsAnyAsync<Exception>(() => lost.Ask<string>("thread", TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task The_dispatcher_goes_on_after_its_last_actor_has_ended()
    {
        IActorRef first = await CreateAsync();
        await first.GracefulStop(TimeSpan.FromSeconds(10));
        // The executor is let go a second after the last actor, and made again for the next.
        await Eventually.HoldsAsync(async () => await (await CreateAsync()).Ask<string>("thread", TimeSpan.FromSeconds(5)) == "test-loop", "another actor runs");
    }

    [Fact]
    public async Task A_handler_that_throws_ends_itself_and_nobody_else()
    {
        using var pair = new SocketPair();
        using var other = new SocketPair();
        var faults = new List<Exception>();
        _loop.OnFault = faults.Add;
        var bad = new Handler(_loop, pair.Descriptor, () => throw new InvalidOperationException("on purpose"));
        var good = new Handler(_loop, other.Descriptor, () => { });
        await OnLoopAsync(() => Assert.True(bad.Register() && good.Register()));

        pair.Send();
        await bad.Failure.Task.WaitAsync(TimeSpan.FromSeconds(10));
        other.Send();
        await good.Readied.Task.WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal("on purpose", Assert.Single(faults).Message);
    }

    [Fact]
    public async Task A_timer_is_called_at_its_time_and_once()
    {
        var timer = new Timer();
        await OnLoopAsync(() =>
        {
            timer.Want(System.Diagnostics.Stopwatch.GetTimestamp() + System.Diagnostics.Stopwatch.Frequency / 50);
            _loop.Add(timer);
        });

        long late = await timer.Called.Task.WaitAsync(TimeSpan.FromSeconds(10));

        Assert.True(late >= 0);
        Assert.Equal(long.MaxValue, timer.Due);
    }

    [Fact]
    public async Task A_loop_with_descriptors_of_its_own_leaves_those_of_others_alone()
    {
        using var own = new EventLoop("own-loop", ownDescriptors: true);
        using var pair = new SocketPair();
        own.Start();
        var opened = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        own.Post(new Work(() => opened.SetResult(LibC.socket(2, LibC.SocketStream, 0))));
        int descriptor = await opened.Task.WaitAsync(TimeSpan.FromSeconds(10));

        // The same number is free, or something else, in the process's own table.
        Assert.True(descriptor >= 0);
        pair.Send();
        Assert.Equal(1, await pair.ReceiveAsync());
        own.Stop();
        await own.Ended.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private async Task<IActorRef> CreateAsync()
    {
        IActorRef maker = _system.ActorOf(Props.Create<Maker>(_loop));
        return await maker.Ask<IActorRef>("make", TimeSpan.FromSeconds(10));
    }

    private Task OnLoopAsync(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(new Work(() =>
        {
            try
            {
                action();
                done.SetResult();
            }
            catch (Exception cause)
            {
                done.SetException(cause);
            }
        }));
        return done.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private sealed class Work(Action action) : IRunnable
    {
        public void Run() => action();

        public void Execute() => action();
    }

    private sealed class Timer : LoopTimer
    {
        private long _wanted;

        public TaskCompletionSource<long> Called { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Want(long due) => Due = _wanted = due;

        public override void Elapsed(long now) => Called.SetResult(now - _wanted);
    }

    private sealed class Handler(EventLoop loop, int descriptor, Action ready) : ILoopHandler
    {
        public TaskCompletionSource Readied { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Failure { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Register() => loop.Register(descriptor, this, LibC.EpollIn);

        public void Ready(uint events)
        {
            ready();
            loop.Unregister(descriptor);
            Readied.TrySetResult();
        }

        public void Failed(Exception cause)
        {
            loop.Unregister(descriptor);
            Failure.TrySetResult();
        }
    }

    private sealed class SocketPair : IDisposable
    {
        private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly Socket _server;

        public SocketPair()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            _client.Connect(listener.LocalEndpoint);
            _server = listener.AcceptSocket();
        }

        public int Descriptor => (int)_server.Handle;

        public void Send() => _client.Send([1]);

        public Task<int> ReceiveAsync() => _server.ReceiveAsync(new byte[1]);

        public void Dispose()
        {
            _client.Dispose();
            _server.Dispose();
        }
    }

    private sealed class Maker : ReceiveActor
    {
        public Maker(EventLoop loop) => Receive<string>(_ => Sender.Tell(loop.CreateActors(
            () => Context.ActorOf(Props.Create<Parent>().WithDispatcher(LoopExecutor.DispatcherPath).WithMailbox(LoopExecutor.MailboxPath)))));
    }

    private sealed class Parent : ReceiveActor
    {
        private readonly List<int> _numbers = [];

        public Parent()
        {
            Receive<int>(_numbers.Add);
            Receive<string>(what => what == "thread", _ => Sender.Tell(Thread.CurrentThread.Name!));
            Receive<string>(what => what == "numbers", _ => Sender.Tell(_numbers.ToArray()));
            Receive<string>(what => what == "child", _ => Context.ActorOf(Props.Create<Parent>().WithDispatcher(LoopExecutor.DispatcherPath).WithMailbox(LoopExecutor.MailboxPath)).Forward("thread"));
        }
    }
}
