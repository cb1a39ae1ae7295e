using Actors443.Connections;
using Akka.Actor;

namespace Actors443.TestKit;

/// <summary>A connection in memory, as its client has it, with what its actor knows of it. Thread-safe.</summary>
public class TestConnection
{
    internal TestConnection(InMemoryConnection connection) => Connection = connection;

    /// <summary>The real actor that owns it. Tell it <see cref="Drain"/> or <see cref="Connections.Close"/>, ask it <see cref="GetConnection"/>.</summary>
    public IActorRef Actor => Connection.Actor;

    /// <summary>Unique in the process.</summary>
    public string Id => Connection.Id;

    /// <summary>As <c>conns</c> shows it.</summary>
    public ConnectionState State => Connection.State;

    /// <summary>Why it is over; <see cref="CloseReason.None"/>: it is not.</summary>
    public CloseReason Reason => Connection.Reason;

    /// <summary>More about <see cref="Reason"/>; null: nothing to add.</summary>
    public string? ReasonDetail => Connection.ReasonDetail;

    /// <summary>Facts and counters as they are now.</summary>
    public ConnectionSnapshot Snapshot => Connection.Snapshot();

    /// <summary>What has happened to it so far.</summary>
    public IReadOnlyList<LifecycleEntry> Events => Connection.Events;

    /// <summary>It was asked to end when that is convenient, as by <c>Connection: close</c> and GOAWAY.</summary>
    public bool IsCloseAsked => Connection.IsCloseAsked;

    /// <summary>What is within its TLS, at the client's end: for the client of a mapped protocol to read and write. 64 KiB wait each way.</summary>
    public Stream Stream => Connection.ClientStream;

    internal InMemoryConnection Connection { get; }

    /// <summary>The client says no more; what it has said still arrives.</summary>
    public void EndOutput() => Connection.ClientStream.EndOutput();

    /// <summary>The client resets it.</summary>
    public void Reset() => Connection.ClientStream.Break();

    /// <summary>Until it is over.</summary>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public Task ClosedAsync(CancellationToken cancellationToken = default) => Connection.Over.WaitAsync(cancellationToken);
}
