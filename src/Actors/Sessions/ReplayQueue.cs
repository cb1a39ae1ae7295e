namespace Actors443.Sessions;

/// <summary>The messages told to a client that it has not confirmed, oldest first, up to a bound of bytes: beyond it the oldest are lost. Positions count from the first there ever was. Not thread-safe.</summary>
internal sealed class ReplayQueue(long capacity)
{
    private readonly Queue<SessionPush> _messages = new();
    private long _bytes;

    /// <summary>How many were told in all.</summary>
    public long End => Begin + _messages.Count;

    /// <summary>How many are not kept any more: confirmed, or lost.</summary>
    public long Begin { get; private set; }

    public IEnumerable<SessionPush> Messages => _messages;

    public void Add(SessionPush message)
    {
        _messages.Enqueue(message);
        _bytes += message.Data.Length;
        while (_bytes > capacity && _messages.Count > 1)
            Drop();
    }

    /// <summary>The client has got so many; false: it cannot have.</summary>
    public bool Confirm(long count)
    {
        if (count < 0 || count > End)
            return false;
        while (Begin < count)
            Drop();
        return true;
    }

    private void Drop()
    {
        _bytes -= _messages.Dequeue().Data.Length;
        Begin++;
    }
}
