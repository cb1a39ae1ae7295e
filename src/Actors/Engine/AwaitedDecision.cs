using System.Diagnostics;
using Actors443.Connections;
using Actors443.Telemetry;
using Actors443.Tls;
using Actors443.Tls.Deciding;

namespace Actors443.Engine;

/// <summary>Between the ClientHello and the handshake, where somebody has a say on it; for connections whose path is a task.</summary>
internal static class AwaitedDecision
{
    /// <summary>The refusal, or that all agree; null: the connection has ended meanwhile, and its reason is set.</summary>
    public static async Task<HandshakeOutcome?> MadeAsync(HandshakeDeciders deciders, ClientHello hello, EngineConnection connection, ConnectionMetrics metrics, CancellationToken ended)
    {
        int next = 0;
        while (deciders.Ask(new HandshakeHello(hello, connection), ref next) is { } reply)
        {
            if (reply.Outcome is null && !await GivenAsync(reply, connection, metrics, ended))
                return null;
            HandshakeOutcome outcome = reply.Outcome!;
            connection.DecisionMade(outcome.Refusal);
            if (outcome.Refusal == CloseReason.None)
                continue;
            metrics.HandshakeFailed(outcome.Refusal, TimeSpan.Zero);
            return outcome;
        }

        return HandshakeOutcome.Accepted;
    }

    /// <summary>Waits for the reply or the end of the connection, whichever is first. Nothing is read meanwhile: the transport holds what comes, up to its limit.</summary>
    private static async Task<bool> GivenAsync(HandshakeReply reply, EngineConnection connection, ConnectionMetrics metrics, CancellationToken ended)
    {
        var waiter = new Waiter();
        if (!reply.Attach(waiter))
            return true;
        long since = Stopwatch.GetTimestamp();
        connection.DecisionAwaited(reply.Patience);
        metrics.DecisionAwaited();
        using (ended.UnsafeRegister(static waiter => ((Waiter)waiter!).Decided(), waiter))
            await waiter.Task;
        reply.Abandon();
        bool given = reply.Outcome is not null;
        if (!given)
            connection.SetReason(CloseReason.ClientClosed, "while its handshake was being decided");
        metrics.DecisionMade(reply.Outcome?.Refusal ?? connection.Reason, Stopwatch.GetElapsedTime(since));
        return given;
    }

    private sealed class Waiter() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), IHandshakeWaiter
    {
        public void Decided() => TrySetResult();
    }
}
