using System.Buffers;
using System.Net.WebSockets;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.WebSockets;

/// <summary>Moves the messages of one WebSocket: one task reads as its actor acknowledges, the other sends what the actor tells.</summary>
internal sealed class WebSocketConversation(WebSocket socket, WebSocketExchange exchange, IActorRef peer, WebSocketRouteOptions options, CancellationToken gone)
{
    private static readonly CloseWebSocket SlowReader = new(WebSocketCloseStatus.PolicyViolation, "the client reads too slowly");

    private volatile bool _over;

    /// <summary>Until it has closed. Answers how.</summary>
    public async Task<WebSocketClosed> RunAsync()
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(gone);
        exchange.OnTooSlow = () => CutSoon(end);
        Task<WebSocketClosed> sending = SendAsync(end);
        WebSocketClosed? closed = null;
        try
        {
            closed = await ReceiveAsync(end.Token);
            // The client has closed: what is still to be sent has nobody to go to.
            _over = true;
            end.CancelAfter(options.CloseWithin);
            exchange.Told.Set();
            WebSocketClosed sent = await sending;
            if (socket.State == WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(closed.Status ?? WebSocketCloseStatus.NormalClosure, null, end.Token);
            // The first to close says why.
            return sent.Status is null ? closed : sent;
        }
        catch (Exception cut) when (cut is WebSocketException or OperationCanceledException or IOException)
        {
            _over = true;
            await end.CancelAsync();
            exchange.Told.Set();
            exchange.Acked.Set();
            WebSocketClosed sent = await sending;
            return sent.Status is null ? new WebSocketClosed(closed?.Status, closed?.Description) : sent;
        }
    }

    private async Task<WebSocketClosed> ReceiveAsync(CancellationToken end)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(options.MaximumMessage, 4096));
        try
        {
            int open = 0;
            while (true)
            {
                // Also with nobody to take it, the end of the connection must be seen: that is what 'gone' is for.
                while (open >= options.ReceiveWindow && !_over)
                {
                    open = Math.Max(0, open - exchange.TakeAcks());
                    if (open >= options.ReceiveWindow)
                        await exchange.Acked.WaitAsync().AsTask().WaitAsync(end);
                }

                int length = 0;
                bool tooLong = false;
                ValueWebSocketReceiveResult received;
                do
                {
                    if (length == buffer.Length)
                        buffer = Grow(buffer);
                    received = await socket.ReceiveAsync(buffer.AsMemory(length), end);
                    length += received.Count;
                    if (length > options.MaximumMessage)
                    {
                        if (!tooLong)
                            exchange.Close(WebSocketCloseStatus.MessageTooBig, $"at most {options.MaximumMessage} bytes");
                        tooLong = true;
                        length = 0;
                    }
                }
                while (!received.EndOfMessage);
                if (received.MessageType == WebSocketMessageType.Close)
                    return new WebSocketClosed(socket.CloseStatus, socket.CloseStatusDescription);
                if (tooLong || _over || socket.State != WebSocketState.Open)
                    continue;
                open++;
                peer.Tell(MessageTrace.Carry(new WebSocketReceived(buffer.AsSpan(0, length).ToArray(), received.MessageType == WebSocketMessageType.Text)), exchange);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Answers what it was closed with from this side, if it was.
    private async Task<WebSocketClosed> SendAsync(CancellationTokenSource end)
    {
        try
        {
            while (!_over)
            {
                if (exchange.IsTooSlow)
                    return await CloseAsync(SlowReader, end);
                if (!exchange.TryTake(out Envelope told))
                {
                    await exchange.Told.WaitAsync();
                    continue;
                }

                switch (told.Message)
                {
                    case WebSocketSend send:
                        await socket.SendAsync(send.Data, send.IsText ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, end.Token);
                        if (send.Ack is { } ack)
                            (told.Sender ?? peer).Tell(ack, exchange);
                        break;
                    case CloseWebSocket close:
                        return await CloseAsync(close, end);
                }
            }
        }
        catch (Exception cut) when (cut is WebSocketException or OperationCanceledException or IOException)
        {
            socket.Abort();
        }

        return exchange.IsTooSlow ? new WebSocketClosed(SlowReader.Status, SlowReader.Description) : new WebSocketClosed(null, null);
    }

    private async Task<WebSocketClosed> CloseAsync(CloseWebSocket close, CancellationTokenSource end)
    {
        end.CancelAfter(options.CloseWithin);
        await socket.CloseOutputAsync(close.Status, close.Description, end.Token);
        // The other task hears the client's answer, however many messages come before it.
        _over = true;
        exchange.Acked.Set();
        return new WebSocketClosed(close.Status, close.Description);
    }

    // What is being sent may never be taken.
    private void CutSoon(CancellationTokenSource end)
    {
        try
        {
            end.CancelAfter(options.CloseWithin);
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }

    private static byte[] Grow(byte[] buffer)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
