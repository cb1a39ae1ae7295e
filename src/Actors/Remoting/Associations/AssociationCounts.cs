namespace Actors443.Remoting.Associations;

/// <summary>What the associations of a system have carried. Thread-safe.</summary>
internal sealed class AssociationCounts
{
    private long _messagesSent;
    private long _messagesReceived;
    private long _bytesSent;
    private long _bytesReceived;
    private long _refusedWrites;

    public long MessagesSent => Volatile.Read(ref _messagesSent);

    public long MessagesReceived => Volatile.Read(ref _messagesReceived);

    /// <summary>Of messages.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>Of messages.</summary>
    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>Akka was told to wait.</summary>
    public long RefusedWrites => Volatile.Read(ref _refusedWrites);

    public void Sent(int bytes)
    {
        Interlocked.Increment(ref _messagesSent);
        Interlocked.Add(ref _bytesSent, bytes);
    }

    public void Received(int bytes)
    {
        Interlocked.Increment(ref _messagesReceived);
        Interlocked.Add(ref _bytesReceived, bytes);
    }

    public void RefusedWrite() => Interlocked.Increment(ref _refusedWrites);
}
