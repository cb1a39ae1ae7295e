using Actors443.Connections;

namespace Actors443.Tls.Deciding;

/// <summary>
/// The answer that a handshake waits for. Given once, by any thread or actor; the first answer stands, and one that comes after the connection has ended is
/// harmless. If none comes, the connection ends by <c>deadlines.handshake</c>. Thread-safe.
/// </summary>
public sealed class HandshakeReply
{
    private static readonly object Abandoned = new();

    // Null, then perhaps the connection that waits, then the outcome or that nobody wants it any more.
    private object? _state;

    /// <summary>False once it has been given, or the connection has ended meanwhile: no work needs to be done for it any more.</summary>
    public bool IsWanted => Volatile.Read(ref _state) is null or IHandshakeWaiter;

    /// <summary>How long the connection waits for it; null: as long as <c>deadlines.handshake</c> allows.</summary>
    internal TimeSpan? Patience { get; init; }

    internal HandshakeOutcome? Outcome => Volatile.Read(ref _state) as HandshakeOutcome;

    /// <summary>A refusal given at once.</summary>
    /// <param name="detail">Told in the obituary, not to the client; null: nothing to add.</param>
    public static HandshakeReply Refused(string? detail = null)
    {
        var reply = new HandshakeReply();
        reply.Refuse(detail);
        return reply;
    }

    /// <summary>The handshake goes on; the certificate is chosen now, so that one made meanwhile is shown.</summary>
    /// <returns>False: it came too late.</returns>
    public bool Accept() => Give(HandshakeOutcome.Accepted);

    /// <summary>The connection ends with the alert access_denied (RFC 8446 6.2).</summary>
    /// <param name="detail">Told in the obituary, not to the client; null: nothing to add.</param>
    /// <returns>False: it came too late.</returns>
    public bool Refuse(string? detail = null) => Give(new HandshakeOutcome(CloseReason.HandshakeRefused, TlsAlert.AccessDenied, detail));

    internal bool Refuse(CloseReason reason, TlsAlert alert, string? detail) => Give(new HandshakeOutcome(reason, alert, detail));

    /// <summary>The waiter will be told once. False: it never will be, the outcome is there already.</summary>
    internal bool Attach(IHandshakeWaiter waiter) => Interlocked.CompareExchange(ref _state, waiter, null) is null;

    /// <summary>The connection has ended.</summary>
    internal void Abandon()
    {
        if (Volatile.Read(ref _state) is IHandshakeWaiter waiter)
            Interlocked.CompareExchange(ref _state, Abandoned, waiter);
    }

    private bool Give(HandshakeOutcome outcome)
    {
        while (true)
        {
            object? state = Volatile.Read(ref _state);
            if (state is not (null or IHandshakeWaiter))
                return false;
            if (Interlocked.CompareExchange(ref _state, outcome, state) != state)
                continue;
            (state as IHandshakeWaiter)?.Decided();
            return true;
        }
    }
}

/// <summary>How a handshake was decided.</summary>
/// <param name="Refusal">None: it goes on.</param>
/// <param name="Alert">Sent with a refusal.</param>
/// <param name="Detail">For the obituary.</param>
internal sealed record HandshakeOutcome(CloseReason Refusal, TlsAlert Alert, string? Detail)
{
    public static HandshakeOutcome Accepted { get; } = new(CloseReason.None, default, null);
}

/// <summary>A connection whose handshake waits.</summary>
internal interface IHandshakeWaiter
{
    /// <summary>The outcome is there. Any thread; must only post.</summary>
    void Decided();
}
