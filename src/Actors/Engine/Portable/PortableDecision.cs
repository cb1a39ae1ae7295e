using System.Diagnostics;
using Actors443.Connections;
using Actors443.Telemetry;
using Actors443.Tls;
using Actors443.Tls.Deciding;
using Microsoft.AspNetCore.Connections;

namespace Actors443.Engine.Portable;

/// <summary>Between the ClientHello and the handshake, where somebody has a say on it.</summary>
internal static class PortableDecision
{
    /// <summary>False: the connection is over, and its reason set.</summary>
    public static async Task<bool> MadeAsync(HandshakeDeciders deciders, ClientHello hello, ConnectionContext transport, PortableConnection connection, ConnectionMetrics metrics)
    {
        int next = 0;
        while (deciders.Ask(new HandshakeHello(hello, connection), ref next) is { } reply)
        {
            if (reply.Outcome is null && !await GivenAsync(reply, transport, connection, metrics))
                return false;
            HandshakeOutcome outcome = reply.Outcome!;
            connection.DecisionMade(outcome.Refusal);
            if (outcome.Refusal == CloseReason.None)
                continue;
            metrics.HandshakeFailed(outcome.Refusal, TimeSpan.Zero);
            await PortableConnectionHandler.RefuseAsync(transport, connection, outcome.Refusal, outcome.Alert, outcome.Detail);
            return false;
        }

        return true;
    }

    /// <summary>Waits for the reply or the end of the connection, whichever is first. Nothing is read meanwhile: the transport holds what comes, up to its limit.</summary>
    private static async Task<bool> GivenAsync(HandshakeReply reply, ConnectionContext transport, PortableConnection connection, ConnectionMetrics metrics)
    {
        var waiter = new Waiter();
        if (!reply.Attach(waiter))
            return true;
        long since = Stopwatch.GetTimestamp();
        connection.DecisionAwaited(reply.Patience);
        metrics.DecisionAwaited();
        using (transport.ConnectionClosed.UnsafeRegister(static waiter => ((Waiter)waiter!).Decided(), waiter))
            await waiter.Task;
        reply.Abandon();
        bool given = reply.Outcome is not null;
        if (!given)
        {
            connection.PeerEnded();
            connection.SetReason(CloseReason.ClientClosed, "while its handshake was being decided");
        }

        metrics.DecisionMade(reply.Outcome?.Refusal ?? connection.Reason, Stopwatch.GetElapsedTime(since));
        return given;
    }

    private sealed class Waiter() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), IHandshakeWaiter
    {
        public void Decided() => TrySetResult();
    }
}
