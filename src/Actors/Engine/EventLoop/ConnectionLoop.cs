using System.Diagnostics;
using System.Runtime.CompilerServices;
using Actors443.Engine.EventLoop.Pipes;
using Actors443.Engine.EventLoop.Tls;

namespace Actors443.Engine.EventLoop;

/// <summary>An event loop with what the connections on it share: buffers, pool, BIO, and the timer of those that are on their way out.</summary>
internal sealed unsafe class ConnectionLoop : IDisposable
{
    /// <summary>Bytes received with one system call.</summary>
    public const int ReceiveLength = 64 * 1024;

    private readonly byte[] _received = GC.AllocateUninitializedArray<byte>(ReceiveLength, pinned: true);
    private readonly Farewells _farewells;
    private int _connections;

    public ConnectionLoop(int index)
    {
        Index = index;
        Loop = new EventLoop($"actors443-loop-{index}");
        Pool = new BlockPool(Loop);
        Received = (byte*)Unsafe.AsPointer(ref _received[0]);
        _farewells = new Farewells();
        Place = ActorPlace.On(Loop);
        Egress = new LoopEgressConnector(Loop);
    }

    public int Index { get; }

    public EventLoop Loop { get; }

    public ActorPlace Place { get; }

    /// <summary>Connects to where connections on it lead.</summary>
    public LoopEgressConnector Egress { get; }

    public BlockPool Pool { get; }

    public TlsBio Bio { get; } = new();

    public byte* Received { get; }

    public ReadOnlyMemory<byte> ReceivedMemory => _received;

    /// <summary>Sockets of connections on it. Any thread.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public void Start()
    {
        Loop.Start();
        Loop.Post(new LoopWork(() => Loop.Add(_farewells)));
    }

    public void Enter() => Interlocked.Increment(ref _connections);

    public void Leave() => Interlocked.Decrement(ref _connections);

    /// <summary>Asks the connection after a while whether its end has come about. On the loop.</summary>
    public void Remind(LoopConnection connection, TimeSpan after) => _farewells.Add(connection, after);

    public void Dispose()
    {
        Bio.Dispose();
        Loop.Dispose();
    }

    /// <summary>Connections with a deadline to be gone.</summary>
    private sealed class Farewells : LoopTimer
    {
        private readonly PriorityQueue<LoopConnection, long> _due = new();

        public void Add(LoopConnection connection, TimeSpan after)
        {
            long due = Stopwatch.GetTimestamp() + (long)(after.TotalSeconds * Stopwatch.Frequency);
            _due.Enqueue(connection, due);
            Due = Math.Min(Due, due);
        }

        public override void Elapsed(long now)
        {
            while (_due.TryPeek(out LoopConnection? connection, out long due) && due <= now)
            {
                _due.Dequeue();
                connection.Remind();
            }

            Due = _due.TryPeek(out _, out long next) ? next : long.MaxValue;
        }
    }
}

/// <summary>Something to be done once on a loop.</summary>
internal sealed class LoopWork(Action work) : Akka.Dispatch.IRunnable
{
    public void Run() => work();

    public void Execute() => work();
}
