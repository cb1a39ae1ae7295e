using System.Diagnostics;
using Actors443.Connections;
using Actors443.Tls;
using Actors443.Tls.Deciding;

namespace Actors443.Engine.EventLoop;

/// <summary>Between the ClientHello and the handshake, where somebody has a say on it.</summary>
internal sealed unsafe partial class LoopConnection : IHandshakeWaiter
{
    /// <summary>ClientHello and what comes after it. Early data, which is refused later, is 16 KiB as a rule.</summary>
    private const int KeptAtMost = 64 * 1024;

    private HandshakeWait? _wait;

    void IHandshakeWaiter.Decided() => Post(DecidedWork);

    private void Consult(HandshakeDeciders deciders, ClientHello hello, int next)
    {
        HandshakeReply? reply = deciders.Ask(new HandshakeHello(hello, this), ref next);
        if (reply is null)
        {
            Choose(hello);
            return;
        }

        if (reply.Attach(this))
            AwaitDecision(new HandshakeWait(hello, reply, next, Stopwatch.GetTimestamp()));
        else
            Decided(reply.Outcome!, hello, next);
    }

    private void AwaitDecision(HandshakeWait wait)
    {
        // What was received lies in memory of the loop, which others use next.
        _hello ??= Received(out _helloLength);
        _home.Bio.SetInput(null, 0);
        _phase = Phase.Deciding;
        _wait = wait;
        DecisionAwaited(wait.Reply.Patience);
        _origin.Metrics.DecisionAwaited();
    }

    private byte[] Received(out int length)
    {
        length = _home.Bio.InputLength;
        return new ReadOnlySpan<byte>(_home.Bio.Input, length).ToArray();
    }

    private void KeepForLater(int count)
    {
        ReadOnlySpan<byte> received = _home.ReceivedMemory.Span[..count];
        _home.Bio.SetInput(null, 0);
        if (_helloLength + count > KeptAtMost)
        {
            ForgetDecision();
            Refuse(CloseReason.ProtocolError, "too many bytes before its handshake was decided", []);
            return;
        }

        if (_hello!.Length - _helloLength < count)
            Array.Resize(ref _hello, _helloLength + count);
        received.CopyTo(_hello.AsSpan(_helloLength));
        _helloLength += count;
    }

    /// <summary>Posted by whoever decided; the connection may have ended meanwhile.</summary>
    private void GoOnDecided()
    {
        if (_phase != Phase.Deciding || _wait is not { Reply.Outcome: { } outcome } wait)
            return;
        _wait = null;
        _origin.Metrics.DecisionMade(outcome.Refusal, Stopwatch.GetElapsedTime(wait.Since));
        Step(() =>
        {
            Decided(outcome, wait.Hello, wait.Next);
            if (_dirty || _home.Bio.OutputLength > 0)
                WriteOutput();
        });
    }

    private void Decided(HandshakeOutcome outcome, ClientHello hello, int next)
    {
        DecisionMade(outcome.Refusal);
        if (outcome.Refusal == CloseReason.None)
        {
            Consult(_entry.Tls.FrontEnd.Deciders!, hello, next);
            return;
        }

        _origin.Metrics.HandshakeFailed(outcome.Refusal, TimeSpan.Zero);
        Refuse(outcome.Refusal, outcome.Detail, outcome.Alert);
    }

    private void ForgetDecision()
    {
        if (_wait is not { } wait)
            return;
        _wait = null;
        wait.Reply.Abandon();
        _origin.Metrics.DecisionMade(Reason, Stopwatch.GetElapsedTime(wait.Since));
    }
}
