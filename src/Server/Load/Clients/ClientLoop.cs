using System.Diagnostics;
using System.Runtime.InteropServices;
using Actors443.Engine;
using Actors443.Engine.EventLoop;

namespace Actors443.Server.Load.Clients;

/// <summary>What the clients on one event loop share: buffers and deadlines. The loop's thread alone uses it.</summary>
internal sealed unsafe class ClientLoop : ILoopTickEnd, IDisposable
{
    public const int ReadBufferLength = 64 * 1024;

    private const long TickMs = 20;
    private const int WheelSlots = 4_096;

    private readonly DeadlineTimer _deadlines;
    private ClientConnection? _writing;
    private bool _endsTick;

    public ClientLoop(EventLoop loop)
    {
        Loop = loop;
        ReadBuffer = (byte*)NativeMemory.Alloc(ReadBufferLength);
        _deadlines = new DeadlineTimer(this);
    }

    public EventLoop Loop { get; }

    public byte* ReadBuffer { get; }

    /// <summary>Bytes of the connection that writes at this moment; see <see cref="OutputOf"/>.</summary>
    public OutputBuffer Output { get; } = new(ReadBufferLength);

    /// <summary>Stopwatch ticks now, not as the tick began: latencies are measured with it.</summary>
    public static long Timestamp => Stopwatch.GetTimestamp();

    public static long ToTicks(TimeSpan span) => (long)(span.TotalSeconds * Stopwatch.Frequency);

    public static long ToMicroseconds(long ticks) => ticks / (Stopwatch.Frequency / 1_000_000);

    /// <summary>Where a connection puts what it has to say. One writes at a time; what it said is sent when the next begins, by <see cref="Flush"/>, or as the tick ends.</summary>
    public OutputBuffer OutputOf(ClientConnection connection)
    {
        if (_writing != connection)
        {
            Flush();
            _writing = connection;
            if (!_endsTick)
            {
                _endsTick = true;
                Loop.AtTickEnd(this);
            }
        }

        return Output;
    }

    public void Flush()
    {
        ClientConnection? writing = _writing;
        _writing = null;
        if (writing is not null && !Output.IsEmpty)
            writing.Send(Output);
    }

    /// <summary>What a connection that has ended was about to say is not said.</summary>
    public void Forget(ClientConnection connection)
    {
        if (_writing != connection)
            return;
        _writing = null;
        Output.Take(Output.Length);
    }

    /// <summary>Has the connection looked at no earlier than a moment, in Stopwatch ticks.</summary>
    public void LookAt(ClientConnection connection, long due) => _deadlines.Add(connection, due);

    void ILoopTickEnd.EndTick()
    {
        _endsTick = false;
        Flush();
    }

    void ILoopTickEnd.Failed(Exception cause)
    {
        _endsTick = false;
        _writing = null;
        Output.Take(Output.Length);
    }

    public void Dispose() => NativeMemory.Free(ReadBuffer);

    private sealed class DeadlineTimer : LoopTimer
    {
        private readonly ClientLoop _loop;
        private readonly TimerWheel<ClientConnection> _wheel = new(TickMs, WheelSlots, Milliseconds(Timestamp));
        private int _waiting;

        public DeadlineTimer(ClientLoop loop)
        {
            _loop = loop;
            loop.Loop.Add(this);
        }

        public void Add(ClientConnection connection, long due)
        {
            if (connection.WheelSlot >= 0)
            {
                _wheel.Remove(connection);
                _waiting--;
            }

            _wheel.Add(connection, Milliseconds(due) + 1);
            _waiting++;
            if (Due == long.MaxValue)
                Due = Timestamp + ToTicks(TimeSpan.FromMilliseconds(TickMs));
        }

        public override void Elapsed(long now)
        {
            _wheel.Advance(Milliseconds(now), this, static (connection, timer) =>
            {
                timer._waiting--;
                connection.Look();
            });
            _loop.Flush();
            if (_waiting > 0)
                Due = now + ToTicks(TimeSpan.FromMilliseconds(TickMs));
        }

        private static long Milliseconds(long ticks) => ticks / (Stopwatch.Frequency / 1_000);
    }
}
