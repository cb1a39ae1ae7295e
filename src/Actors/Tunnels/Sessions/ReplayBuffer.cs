namespace Actors443.Tunnels.Sessions;

/// <summary>
/// Bytes that were sent, or are to be, and that the other side has not confirmed: what is sent again after a carrier was lost. One appends, one reads, one
/// confirms, each on whatever thread, without a lock. Positions count from the first byte there ever was.
/// </summary>
internal sealed class ReplayBuffer(int capacity)
{
    private readonly byte[] _bytes = new byte[capacity];
    private long _end;
    private long _confirmed;

    /// <summary>Appended in all.</summary>
    public long End => Volatile.Read(ref _end);

    /// <summary>Confirmed in all.</summary>
    public long Confirmed => Volatile.Read(ref _confirmed);

    public int Room => capacity - (int)(End - Confirmed);

    /// <summary>As many of the bytes as there is room for.</summary>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(bytes.Length, Room);
        int start = (int)(_end % capacity);
        int first = Math.Min(count, capacity - start);
        bytes[..first].CopyTo(_bytes.AsSpan(start));
        bytes[first..count].CopyTo(_bytes);
        Volatile.Write(ref _end, _end + count);
        return count;
    }

    /// <summary>The bytes from a position on that lie together.</summary>
    public ReadOnlySpan<byte> From(long position)
    {
        int start = (int)(position % capacity);
        return _bytes.AsSpan(start, (int)Math.Min(End - position, capacity - start));
    }

    /// <summary>Everything before the position has arrived. False: it cannot have.</summary>
    public bool Confirm(long position)
    {
        if (position < Confirmed || position > End)
            return false;
        Volatile.Write(ref _confirmed, position);
        return true;
    }
}
