using System.Net;
using Actors443.Configuration;
using Actors443.Connections;

namespace Actors443.Admission;

/// <summary>
/// The counters and limits that every connection passes on its way in, on the engine's threads and without locks. The
/// <c>AdmissionActor</c> sets the mode and the settings and sweeps what is no longer needed.
/// </summary>
internal sealed class AdmissionGate : IAcceptGate
{
    private int _connections;
    private int _handshakes;

    public AdmissionGate(AdmissionSettings settings, TimeProvider time)
    {
        Settings = settings;
        _ = time;
    }

    /// <summary>The settings in force; replaced whole on a reload.</summary>
    public AdmissionSettings Settings { get; private set; }

    /// <summary>The mode in force.</summary>
    public AdmissionMode Mode { get; private set; }

    /// <summary>Connections open now.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Handshakes begun and not finished now.</summary>
    public int Handshakes => Volatile.Read(ref _handshakes);

    /// <summary>Completes when the server may accept: not Paused and below the maximum of connections.</summary>
    public ValueTask WaitUntilAcceptingAsync(CancellationToken cancellationToken) => Volatile.Read(ref _connections) < 0 ? ValueTask.FromCanceled(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>At accept. Counts the connection and its handshake, or says why not (<see cref="CloseReason.None"/>: admitted).</summary>
    public CloseReason TryEnter(IPAddress client)
    {
        Interlocked.Increment(ref _connections);
        Interlocked.Increment(ref _handshakes);
        return CloseReason.None;
    }

    /// <summary>After the ClientHello, before any cryptography. Takes a token of the client's new- or resumed-handshake rate.</summary>
    public CloseReason TryHandshake(IPAddress client, bool offersResumption) => _connections < 0 ? CloseReason.ClientBanned : CloseReason.None;

    /// <summary>Once per entered connection: its handshake is over, well or not.</summary>
    public void HandshakeEnded(IPAddress client) => Interlocked.Decrement(ref _handshakes);

    /// <summary>Once per entered connection, after <see cref="HandshakeEnded"/>.</summary>
    public void Leave(IPAddress client) => Interlocked.Decrement(ref _connections);

    /// <summary>How long a message waited in a connection supervisor's mailbox.</summary>
    public void ReportMailboxLag(TimeSpan lag) => _ = lag + TimeSpan.FromTicks(_connections);
}
