using Actors443.Engine;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Connections;

/// <summary>To a connection actor: finish the requests in flight, take no new ones (HTTP/1.1 <c>Connection: close</c>, HTTP/2 GOAWAY), then close.</summary>
/// <param name="Deadline">After it the connection is aborted; null: <c>drain.deadline</c>.</param>
/// <param name="Reason">What the end is reported as.</param>
public sealed record Drain(TimeSpan? Deadline = null, CloseReason Reason = CloseReason.Drained) : IDeadLetterSuppression, INoSerializationVerificationNeeded;

/// <summary>To a connection actor: close now, whatever is in flight.</summary>
/// <param name="Reason">What the end is reported as.</param>
/// <param name="Detail">Told in the obituary; null: nothing to add.</param>
public sealed record Close(CloseReason Reason = CloseReason.ClosedByRequest, string? Detail = null) : IDeadLetterSuppression, INoSerializationVerificationNeeded;

/// <summary>To a connection actor: answer with a <see cref="ConnectionSnapshot"/>.</summary>
public sealed record GetConnection : INoSerializationVerificationNeeded
{
    /// <summary>The one instance.</summary>
    public static GetConnection Instance { get; } = new();
}

/// <summary>To a connection actor: make an actor of its own for something that lives on the connection and ends with it.</summary>
internal sealed record AdoptChild(Props Child) : IDeadLetterSuppression, INoSerializationVerificationNeeded;

/// <summary>From the engine: the connection has passed into a later stage; which one is read from the connection itself, so that several
/// steps in a row cost one message.</summary>
internal sealed class StageAdvanced : IDeadLetterSuppression, INoSerializationVerificationNeeded
{
    public static StageAdvanced Instance { get; } = new();
}

/// <summary>From the supervisor's timer wheel.</summary>
internal sealed class DeadlinePassed : IDeadLetterSuppression, INoSerializationVerificationNeeded
{
    private static readonly DeadlinePassed[] All = [.. Enum.GetValues<CloseReason>().Select(reason => new DeadlinePassed(reason))];

    private DeadlinePassed(CloseReason reason) => Reason = reason;

    public CloseReason Reason { get; }

    public static DeadlinePassed For(CloseReason reason) => All[(int)reason];
}

/// <summary>From the supervisor: the client has said nothing for so long that it waits, perhaps, for the server to speak first.</summary>
internal sealed class ClientSilent : IDeadLetterSuppression, INoSerializationVerificationNeeded
{
    public static ClientSilent Instance { get; } = new();
}

/// <summary>From the engine to a connection supervisor.</summary>
internal sealed record ConnectionAccepted(EngineConnection Connection) : INoSerializationVerificationNeeded;

/// <summary>From a connection actor to its supervisor, as its last word.</summary>
internal sealed record ConnectionEnded(EngineConnection Connection) : IDeadLetterSuppression, INoSerializationVerificationNeeded;

/// <summary>From a connection actor to its supervisor: its deadlines are others now.</summary>
internal sealed record DeadlinesMoved(EngineConnection Connection) : INoSerializationVerificationNeeded;

/// <summary>To a connection supervisor: answer with a <see cref="ConnectionList"/>.</summary>
internal sealed record ListConnections : INoSerializationVerificationNeeded
{
    public static ListConnections Instance { get; } = new();
}

internal sealed record ConnectionList(IReadOnlyList<ConnectionSnapshot> Connections) : INoSerializationVerificationNeeded;

/// <summary>To a connection supervisor: pass the message on to the connection of that id, if it is here; answers true or false.</summary>
internal sealed record TellConnection(string Id, object Message) : INoSerializationVerificationNeeded;

/// <summary>To a connection supervisor: drain all; answers <see cref="AllDrained"/> when none is left.</summary>
/// <param name="Drain">What they are told.</param>
/// <param name="Held">They are told step by step, by <see cref="Draining.LetGo"/>.</param>
internal sealed record DrainAll(Drain Drain, bool Held = false) : INoSerializationVerificationNeeded;

/// <param name="Aborted">Connections that had to be aborted at the deadline.</param>
internal sealed record AllDrained(int Aborted) : INoSerializationVerificationNeeded;

/// <summary>To a connection supervisor: close the connections whose client certificate is revoked now.</summary>
internal sealed record CutRevoked(Tls.TlsFrontEnd FrontEnd) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

/// <summary>To a connection supervisor: the timer wheel moves on.</summary>
internal sealed class WheelTick : INoSerializationVerificationNeeded
{
    public static WheelTick Instance { get; } = new();
}

/// <summary>From a connection supervisor to itself: how long its mailbox takes.</summary>
internal sealed record LagProbe(long SentAtMs) : INoSerializationVerificationNeeded;
