using Actors443.Connections;
using Actors443.Telemetry;

namespace Actors443.Tls.Deciding;

/// <summary>Those who have a say on handshakes, in their order. Immutable.</summary>
internal sealed class HandshakeDeciders
{
    private readonly IHandshakeDecider[] _deciders;
    private readonly ILogger _log;

    private HandshakeDeciders(IHandshakeDecider[] deciders, ILogger log)
    {
        _deciders = deciders;
        _log = log;
    }

    /// <summary>Null: there are none, and handshakes need not ask.</summary>
    public static HandshakeDeciders? Of(IEnumerable<IHandshakeDecider> deciders, ILoggerFactory loggers) =>
        deciders.ToArray() is { Length: > 0 } all ? new HandshakeDeciders(all, loggers.CreateLogger(LogCategories.Connections)) : null;

    /// <summary>Asks until one does not agree at once.</summary>
    /// <param name="hello">Of what.</param>
    /// <param name="next">Whom to ask first; afterwards whom to ask when the reply is an agreement.</param>
    /// <returns>Null: all agree. Else a refusal, or a reply to wait for.</returns>
    public HandshakeReply? Ask(HandshakeHello hello, ref int next)
    {
        while (next < _deciders.Length)
        {
            if (Ask(_deciders[next++], hello) is { } reply && reply.Outcome != HandshakeOutcome.Accepted)
                return reply;
        }

        return null;
    }

    private HandshakeReply? Ask(IHandshakeDecider decider, HandshakeHello hello)
    {
        try
        {
            return decider.Decide(hello);
        }
        catch (Exception cause)
        {
            // Somebody else's code: whoever cannot be asked has not agreed.
            _log.HandshakeDeciderFailed(cause, decider.GetType().Name);
            var refusal = new HandshakeReply();
            refusal.Refuse(CloseReason.InternalError, TlsAlert.InternalError, $"{decider.GetType().Name} failed");
            return refusal;
        }
    }
}

/// <summary>What is kept while a handshake waits.</summary>
/// <param name="Hello">To go on with.</param>
/// <param name="Reply">Waited for.</param>
/// <param name="Next">Whom to ask then.</param>
/// <param name="Since">A timestamp.</param>
internal sealed record HandshakeWait(ClientHello Hello, HandshakeReply Reply, int Next, long Since);
