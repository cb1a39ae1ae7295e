using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Actors443.Engine.EventLoop.Interop;
using Akka.Dispatch;
using Microsoft.Win32.SafeHandles;

namespace Actors443.Engine.EventLoop;

/// <summary>
/// One thread that waits for its sockets (epoll), runs what they are ready for, and runs the mailboxes of the actors that own
/// them. <see cref="Post"/> and <see cref="Stop"/> may be called from any thread; everything else from the loop's own. Dispose it once
/// <see cref="Ended"/> has completed and nobody posts any more.
/// </summary>
internal sealed unsafe class EventLoop : IDisposable
{
    private const int EventsPerWait = 512;
    private const int RunsPerTick = 2_000;
    private const ulong WakeData = ulong.MaxValue;

    [ThreadStatic]
    private static EventLoop? _current;

    [ThreadStatic]
    private static EventLoop? _creatingFor;

    private readonly Thread _thread;
    private readonly bool _ownDescriptors;
    private readonly ConcurrentQueue<IRunnable> _posted = new();
    private readonly Queue<IRunnable> _runs = new();
    private readonly List<LoopTimer> _timers = [];
    private List<ILoopTickEnd> _tickEnds = [];
    private List<ILoopTickEnd> _endingNow = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SafeFileHandle _wake;
    private int _epoll = -1;
    private int _awake = 1;
    private long _busySince;
    private volatile bool _stopping;
    private ILoopHandler?[] _handlers = new ILoopHandler?[64];
    private uint[] _generations = new uint[64];

    /// <param name="name">Name of the thread.</param>
    /// <param name="ownDescriptors">
    /// The thread gets a table of file descriptors of its own, so that the limit of open files counts for it alone. Nothing but the loop's own
    /// sockets may be opened on it then.
    /// </param>
    public EventLoop(string name, bool ownDescriptors = false)
    {
        _ownDescriptors = ownDescriptors;
        _wake = new SafeFileHandle(LibC.CreateEventFd(), ownsHandle: true);
        if (_wake.IsInvalid)
            throw new EventLoopException($"The event loop {name} cannot be made: eventfd failed with error {LibC.Error}.");
        _thread = new Thread(Run) { Name = name, IsBackground = true };
    }

    /// <summary>The loop this thread is.</summary>
    public static EventLoop? Current => _current;

    /// <summary>The loop that owns mailboxes created at this moment on this thread.</summary>
    public static EventLoop? Owner => _creatingFor ?? _current;

    public string Name => _thread.Name!;

    /// <summary>Completes once the thread has ended; faulted if it failed.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Stopwatch ticks, read once before the events of a tick are handled.</summary>
    public long Now { get; private set; }

    public bool IsCurrent => _current == this;

    /// <summary>Stopwatch ticks since when the loop has been at the tick it is in; 0: it waits. Any thread.</summary>
    public long BusySince => Volatile.Read(ref _busySince);

    /// <summary>What runs on the loop at this moment, for the report about a loop that is blocked; null: nothing that was named.</summary>
    public object? Running { get; set; }

    /// <summary>Called with whatever a handler threw, before the handler is told; on the loop's thread.</summary>
    public Action<Exception>? OnFault { get; set; }

    public void Start() => _thread.Start();

    /// <summary>Actors made by <paramref name="create"/> on this thread belong to this loop, though another thread makes them.</summary>
    public T CreateActors<T>(Func<T> create)
    {
        EventLoop? before = _creatingFor;
        _creatingFor = this;
        try
        {
            return create();
        }
        finally
        {
            _creatingFor = before;
        }
    }

    /// <summary>Runs something on the loop: in this tick if called on it, else as soon as it wakes. Any thread.</summary>
    public void Post(IRunnable work)
    {
        if (_current == this)
        {
            _runs.Enqueue(work);
            return;
        }

        if (_ended.Task.IsCompleted)
        {
            // The sockets are gone; actors may still have to end.
            ThreadPool.UnsafeQueueUserWorkItem(static work => work.Run(), work, preferLocal: false);
            return;
        }

        _posted.Enqueue(work);
        // Only the first of several messages wakes the thread.
        if (Interlocked.Exchange(ref _awake, 1) == 0)
            Wake();
        // It may have looked for the last time before this was there.
        if (_ended.Task.IsCompleted)
            ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.RunPosted(), this, preferLocal: false);
    }

    /// <summary>Asks the thread to end after its tick. Any thread.</summary>
    public void Stop()
    {
        _stopping = true;
        Wake();
    }

    public void Dispose() => _wake.Dispose();

    /// <summary>Watches a descriptor until <see cref="Unregister"/>: level-triggered unless the interest has <see cref="LibC.EpollEdge"/>.</summary>
    /// <returns>False if the kernel refused (<see cref="LibC.Error"/>).</returns>
    public bool Register(int descriptor, ILoopHandler handler, uint interest)
    {
        if (descriptor >= _handlers.Length)
        {
            int length = Math.Max(descriptor + 1, _handlers.Length * 2);
            Array.Resize(ref _handlers, length);
            Array.Resize(ref _generations, length);
        }

        _handlers[descriptor] = handler;
        uint generation = ++_generations[descriptor];
        if (Control(LibC.EpollAdd, descriptor, interest, generation))
            return true;
        _handlers[descriptor] = null;
        return false;
    }

    /// <inheritdoc cref="Register"/>
    public bool Modify(int descriptor, uint interest) => Control(LibC.EpollModify, descriptor, interest, _generations[descriptor]);

    /// <summary>Stops watching; events of it already taken from the kernel are dropped. Call before closing it.</summary>
    public void Unregister(int descriptor)
    {
        Forget(descriptor);
        _ = Control(LibC.EpollDelete, descriptor, 0, 0);
    }

    /// <summary>Stops watching a descriptor that is closed right after, by which the kernel forgets it: one system call less.</summary>
    public void Forget(int descriptor)
    {
        _handlers[descriptor] = null;
        _generations[descriptor]++;
    }

    /// <summary>Who is told of this descriptor's events.</summary>
    public ILoopHandler? HandlerOf(int descriptor) => (uint)descriptor < (uint)_handlers.Length ? _handlers[descriptor] : null;

    public void Add(LoopTimer timer) => _timers.Add(timer);

    public void Remove(LoopTimer timer) => _timers.Remove(timer);

    /// <summary>Calls <see cref="ILoopTickEnd.EndTick"/> once, when everything of this tick has been handled.</summary>
    public void AtTickEnd(ILoopTickEnd target) => _tickEnds.Add(target);

    private bool Control(int operation, int descriptor, uint interest, uint generation)
    {
        byte* @event = stackalloc byte[EpollEvents.Size];
        EpollEvents.Write(@event, interest, (uint)descriptor | (ulong)generation << 32);
        return LibC.epoll_ctl(_epoll, operation, descriptor, @event) == 0;
    }

    private void Wake()
    {
        // Whoever posts may be held up right here until the loop is gone: its number is not to be another's by then.
        bool isHeld = false;
        try
        {
            _wake.DangerousAddRef(ref isHeld);
            ulong one = 1;
            _ = LibC.write((int)_wake.DangerousGetHandle(), &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // Nobody sleeps any more.
        }
        finally
        {
            if (isHeld)
                _wake.DangerousRelease();
        }
    }

    private void Run()
    {
        _current = this;
        try
        {
            Open();
            using var events = new EpollEvents(EventsPerWait);
            Now = Stopwatch.GetTimestamp();
            while (!_stopping)
                Tick(events);
            RunPosted();
            foreach (ILoopHandler? handler in _handlers)
                handler?.LoopEnds();
            _ended.SetResult();
        }
        catch (Exception cause)
        {
            _ended.SetException(cause);
            OnFault?.Invoke(cause);
        }
        finally
        {
            _ = LibC.close(_epoll);
            _epoll = -1;
            _current = null;
            RunLate();
        }
    }

    private void Open()
    {
        if (_ownDescriptors)
            LeaveDescriptors();
        _epoll = LibC.CreateEpoll();
        byte* @event = stackalloc byte[EpollEvents.Size];
        EpollEvents.Write(@event, LibC.EpollIn, WakeData);
        if (_epoll < 0 || LibC.epoll_ctl(_epoll, LibC.EpollAdd, (int)_wake.DangerousGetHandle(), @event) != 0)
            throw new EventLoopException($"The event loop {Name} cannot start: epoll failed with error {LibC.Error}.");
    }

    // The table begins as a copy. Sockets in it would stay open when others close them; the rest is the runtime's, which maps memory from its files
    // on every thread.
    private void LeaveDescriptors()
    {
        if (LibC.unshare(LibC.CloneFiles) != 0)
            throw new EventLoopException($"The event loop {Name} cannot have descriptors of its own: unshare failed with error {LibC.Error}.");
        foreach (string descriptor in Directory.GetFiles("/proc/thread-self/fd"))
        {
            if (new FileInfo(descriptor).LinkTarget is { } target && target.StartsWith("socket:", StringComparison.Ordinal))
                _ = LibC.close(int.Parse(Path.GetFileName(descriptor), CultureInfo.InvariantCulture));
        }
    }

    private void Tick(EpollEvents events)
    {
        Volatile.Write(ref _busySince, 0);
        int ready = Wait(events);
        Now = Stopwatch.GetTimestamp();
        Volatile.Write(ref _busySince, Now);
        for (int index = 0; index < ready; index++)
            Handle(events.Data(index), events.Events(index));
        RunPosted();
        RunTimers();
        int budget = RunsPerTick;
        while (budget-- > 0 && _runs.TryDequeue(out IRunnable? work))
            Run(work);
        // What ending a tick begins has its turn in the next: sockets come first.
        (_tickEnds, _endingNow) = (_endingNow, _tickEnds);
        foreach (ILoopTickEnd target in _endingNow)
            Guard(target);
        _endingNow.Clear();
    }

    private int Wait(EpollEvents events)
    {
        long timeout = _runs.Count > 0 || _tickEnds.Count > 0 ? 0 : UntilNextTimer();
        if (timeout != 0)
        {
            Volatile.Write(ref _awake, 0);
            Interlocked.MemoryBarrier();
            if (!_posted.IsEmpty || _stopping)
                timeout = 0;
        }

        LibC.TimeSpec span = new() { Seconds = timeout / 1_000_000_000, Nanoseconds = timeout % 1_000_000_000 };
        int ready = LibC.epoll_pwait2(_epoll, events.Memory, EventsPerWait, timeout < 0 ? null : &span, 0);
        Volatile.Write(ref _awake, 1);
        if (ready < 0 && LibC.Error != LibC.EINTR)
            throw new EventLoopException($"The event loop {Name} failed: epoll_pwait2 gave error {LibC.Error}.");
        return ready;
    }

    /// <summary>Nanoseconds; negative: there is none.</summary>
    private long UntilNextTimer()
    {
        long next = long.MaxValue;
        foreach (LoopTimer timer in _timers)
            next = Math.Min(next, timer.Due);
        if (next == long.MaxValue)
            return -1;
        long ticks = next - Stopwatch.GetTimestamp();
        return ticks <= 0 ? 0 : ticks * (1_000_000_000 / Stopwatch.Frequency);
    }

    private void Handle(ulong data, uint ready)
    {
        if (data == WakeData)
        {
            ulong count;
            _ = LibC.read((int)_wake.DangerousGetHandle(), &count, sizeof(ulong));
            return;
        }

        int descriptor = (int)(uint)data;
        // Closed, and perhaps opened anew, since the kernel told.
        if (_handlers[descriptor] is not { } handler || _generations[descriptor] != (uint)(data >> 32))
            return;
        try
        {
            handler.Ready(ready);
        }
        catch (Exception cause)
        {
            OnFault?.Invoke(cause);
            handler.Failed(cause);
        }
    }

    private void RunPosted()
    {
        for (int budget = RunsPerTick; budget > 0 && _posted.TryDequeue(out IRunnable? work); budget--)
            Run(work);
    }

    private void RunTimers()
    {
        for (int index = 0; index < _timers.Count; index++)
        {
            LoopTimer timer = _timers[index];
            if (timer.Due > Now)
                continue;
            timer.Due = long.MaxValue;
            try
            {
                timer.Elapsed(Now);
            }
            catch (Exception cause)
            {
                OnFault?.Invoke(cause);
            }
        }
    }

    private void Guard(ILoopTickEnd target)
    {
        try
        {
            target.EndTick();
        }
        catch (Exception cause)
        {
            OnFault?.Invoke(cause);
            target.Failed(cause);
        }
    }

    // What was posted while the loop ended; later posts see that it has.
    private void RunLate()
    {
        while (_runs.TryDequeue(out IRunnable? work) || _posted.TryDequeue(out work))
            Run(work);
    }

    // Akka keeps what an actor throws; this is for what Akka itself throws.
    private void Run(IRunnable work)
    {
        try
        {
            work.Run();
        }
        catch (Exception cause)
        {
            OnFault?.Invoke(cause);
        }
    }
}
