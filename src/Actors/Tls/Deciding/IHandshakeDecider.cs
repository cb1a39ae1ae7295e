namespace Actors443.Tls.Deciding;

/// <summary>
/// Has a say on every handshake, after its ClientHello was read and admitted and before any cryptography. Register it with
/// <see cref="Hosting.Actors443Options.DecideHandshakes"/>. Several are asked one after another; the first refusal ends the connection.
/// </summary>
public interface IHandshakeDecider
{
    /// <summary>
    /// Called on the thread that serves the connection, by several at once: it must be thread-safe and must not block. If it throws, the handshake is refused
    /// (internal_error).
    /// </summary>
    /// <returns>
    /// Null: nothing against it, at no cost. A reply that is not given yet: the handshake waits for it, for as long as <c>deadlines.handshake</c> allows, and
    /// holds no thread.
    /// </returns>
    HandshakeReply? Decide(HandshakeHello hello);
}
