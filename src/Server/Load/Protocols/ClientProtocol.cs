using Actors443.Server.Load.Clients;

namespace Actors443.Server.Load.Protocols;

/// <summary>What a client speaks over its connection. One for all connections of a client's life, one after the other. The loop's thread alone uses it.</summary>
internal abstract class ClientProtocol
{
    public ClientConnection Connection { get; private set; } = null!;

    /// <summary>What it waits for, as errors name it: <c>headers</c>, <c>body</c>, <c>message</c>, or <c>idle</c>.</summary>
    public abstract string Waiting { get; }

    /// <summary>When the oldest request without a whole answer was sent, in Stopwatch ticks; <see cref="long.MaxValue"/>: none is under way.</summary>
    public abstract long OldestRequest { get; }

    public void Attach(ClientConnection connection) => Connection = connection;

    /// <summary>The connection is open: a new conversation begins.</summary>
    public abstract void Opened();

    /// <summary>Bytes came. They are gone when this returns.</summary>
    public abstract void Received(ReadOnlySpan<byte> bytes);

    /// <summary>The server closed in order; true if it still owed something. An answer that ends with the connection ends here.</summary>
    public abstract bool CloseIsFailure();

    /// <summary>Everything that had to wait for the socket has been sent.</summary>
    public virtual void Drained()
    {
    }

    /// <summary>A session to resume has come.</summary>
    public virtual void SessionKept()
    {
    }

    /// <summary>The connection has ended, in whatever way.</summary>
    public virtual void Ended()
    {
    }
}
