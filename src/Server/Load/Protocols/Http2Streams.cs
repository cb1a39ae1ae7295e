namespace Actors443.Server.Load.Protocols;

/// <summary>The streams in flight, found by number. Streams end out of order; numbers only grow.</summary>
internal sealed class Http2Streams
{
    private Stream[] _streams = new Stream[16];

    public int Count { get; private set; }

    public struct Stream
    {
        /// <summary>0: the place is free.</summary>
        public int Number;
        public int Status;
        public int ReceivedSinceUpdate;
        public int SendWindow;
        public int BodySent;
        public long Due;
        public long SentAt;
        public RequestTemplate? Request;
    }

    public ref Stream Add(int number)
    {
        while (_streams[Place(number)].Number != 0)
            Grow();
        Count++;
        ref Stream stream = ref _streams[Place(number)];
        stream = default;
        stream.Number = number;
        return ref stream;
    }

    /// <summary>A null reference if there is none of this number.</summary>
    public ref Stream Find(int number)
    {
        ref Stream stream = ref _streams[Place(number)];
        if (stream.Number == number && number != 0)
            return ref stream;
        return ref System.Runtime.CompilerServices.Unsafe.NullRef<Stream>();
    }

    public void Remove(ref Stream stream)
    {
        stream = default;
        Count--;
    }

    public Span<Stream> Places => _streams;

    public long OldestSentAt()
    {
        long oldest = long.MaxValue;
        foreach (ref Stream stream in _streams.AsSpan())
        {
            if (stream.Number != 0)
                oldest = Math.Min(oldest, stream.SentAt);
        }

        return oldest;
    }

    public void Clear()
    {
        Array.Clear(_streams);
        Count = 0;
    }

    private int Place(int number) => number >> 1 & (_streams.Length - 1);

    private void Grow()
    {
        Stream[] old = _streams;
        for (int length = old.Length * 2; ; length *= 2)
        {
            _streams = new Stream[length];
            if (TryMove(old))
                return;
        }
    }

    private bool TryMove(Stream[] from)
    {
        foreach (ref Stream stream in from.AsSpan())
        {
            if (stream.Number == 0)
                continue;
            ref Stream place = ref _streams[Place(stream.Number)];
            if (place.Number != 0)
                return false;
            place = stream;
        }

        return true;
    }
}
