using System.Runtime.InteropServices;

namespace Actors443.Engine.Http2;

/// <summary>
/// How much a client lets the server send on each stream (RFC 9113 5.2), and so whose fault it is that an answer does not go on: an answer that has begun and has no window left waits for
/// its client, and holds memory for it. Not thread-safe.
/// </summary>
/// <param name="mostStreams">At once; those beyond are refused, and not followed.</param>
internal sealed class StreamWindows(int mostStreams)
{
    /// <summary>Windows to begin with (RFC 9113 6.9.2).</summary>
    private const int Usual = 65_535;

    private readonly Dictionary<int, Window> _streams = [];
    private long _initial = Usual;
    private long _connection = Usual;
    private int _last;

    /// <summary>Bytes that the client has allowed beyond what streams begin with.</summary>
    public long Granted { get; private set; }

    /// <summary>Streams that are open.</summary>
    public int Count => _streams.Count;

    /// <summary>Answers that wait for their client.</summary>
    public int CountStalled()
    {
        int stalled = 0;
        foreach (Window window in _streams.Values)
        {
            if (window is { HasBegun: true, IsEndured: false } && IsShut(window))
                stalled++;
        }

        return stalled;
    }

    /// <summary>The client asks for something.</summary>
    /// <returns>False: more at once than it may (RFC 9113 5.1.2).</returns>
    public bool TryOpen(int stream)
    {
        // Trailers, or none that the server takes.
        if (stream <= _last)
            return true;
        _last = stream;
        if (_streams.Count >= mostStreams)
            return false;
        _streams.Add(stream, new Window { Left = _initial });
        return true;
    }

    /// <summary>The answer begins, and is not at its end.</summary>
    /// <returns>True: nothing more can be sent on it now.</returns>
    public bool Begun(int stream)
    {
        ref Window window = ref Find(stream);
        if (window.IsThere)
            window.HasBegun = true;
        return IsShut(window);
    }

    /// <summary>That it waits says nothing.</summary>
    public void Endure(int stream)
    {
        ref Window window = ref Find(stream);
        if (window.IsThere)
            window.IsEndured = true;
    }

    /// <inheritdoc cref="Begun"/>
    public bool Sent(int stream, int bytes)
    {
        _connection -= bytes;
        ref Window window = ref Find(stream);
        if (window.IsThere)
            window.Left -= bytes;
        return IsShut(window);
    }

    public void Ended(int stream) => _streams.Remove(stream);

    public void Update(int stream, int bytes)
    {
        if (stream == 0)
        {
            if (_connection <= 0)
                Granted += bytes;
            _connection += bytes;
            return;
        }

        ref Window window = ref Find(stream);
        if (!window.IsThere)
            return;
        window.Left += bytes;
        Granted += bytes;
    }

    /// <summary>What streams begin with from now on; those that are open change by as much (RFC 9113 6.9.2).</summary>
    public void Initial(uint bytes)
    {
        long more = bytes - _initial;
        _initial = bytes;
        foreach (int stream in _streams.Keys)
            Find(stream).Left += more;
        if (more > 0)
            Granted += more;
    }

    private bool IsShut(in Window window) => _connection <= 0 || (window.IsThere && window.Left <= 0);

    private ref Window Find(int stream)
    {
        ref Window window = ref CollectionsMarshal.GetValueRefOrNullRef(_streams, stream);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref window))
            return ref window;
        _none = default;
        return ref _none;
    }

    private Window _none;

    private struct Window
    {
        private bool _isThere;
        private long _left;

        public long Left
        {
            readonly get => _left;
            set => (_left, _isThere) = (value, true);
        }

        public readonly bool IsThere => _isThere;

        public bool HasBegun { get; set; }

        public bool IsEndured { get; set; }
    }
}
