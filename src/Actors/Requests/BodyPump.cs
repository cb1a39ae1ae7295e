using System.Buffers;
using System.IO.Pipelines;
using Actors443.Engine;
using Microsoft.AspNetCore.Http;

namespace Actors443.Requests;

/// <summary>Reading the body has failed.</summary>
internal sealed record BodyFailure(Exception Cause);

/// <summary>Brings the body of a request to its actor, as far as that has asked for it and no further: what is not read fills the pipe, then the flow-control window, then the client waits.</summary>
internal sealed class BodyPump
{
    private readonly PipeReader _reader;
    private readonly RequestExchange _exchange;
    private readonly MonotonicClock _clock;
    private readonly long _timeoutMs;
    private readonly Task _running;
    private volatile bool _stopped;

    public BodyPump(PipeReader reader, RequestExchange exchange, MonotonicClock clock, long timeoutMs)
    {
        _reader = reader;
        _exchange = exchange;
        _clock = clock;
        _timeoutMs = timeoutMs;
        _running = RunAsync();
    }

    public Task StopAsync()
    {
        _stopped = true;
        _exchange.BodyAsked!.Set();
        _reader.CancelPendingRead();
        return _running;
    }

    private async Task RunAsync()
    {
        try
        {
            await PumpAsync();
        }
        catch (Exception failed) when (failed is BadHttpRequestException or IOException or OperationCanceledException)
        {
            _exchange.TellFailure(new BodyFailure(failed));
        }
    }

    private async Task PumpAsync()
    {
        while (true)
        {
            while (_exchange.BodyCredit <= 0 && !_stopped)
                await _exchange.BodyAsked!.WaitAsync();
            if (_stopped)
                return;
            // It is the client who is waited for now.
            Volatile.Write(ref _exchange.DueMs, long.MaxValue);
            ReadResult read = await _reader.ReadAsync();
            ReadOnlySequence<byte> buffer = read.Buffer;
            long take = Math.Min(buffer.Length, _exchange.BodyCredit);
            if (take > 0)
            {
                byte[] data = buffer.Slice(0, take).ToArray();
                _reader.AdvanceTo(buffer.GetPosition(take));
                _exchange.TakeBodyCredit(data.Length);
                if (_exchange.BodyCredit <= 0)
                    Volatile.Write(ref _exchange.DueMs, _clock.NowMs + _timeoutMs);
                _exchange.Reader?.Tell(new BodyChunk(data), _exchange);
            }
            else if (read.IsCompleted)
            {
                _reader.AdvanceTo(buffer.End);
                Volatile.Write(ref _exchange.DueMs, _clock.NowMs + _timeoutMs);
                _exchange.Reader?.Tell(BodyEnd.Instance, _exchange);
                return;
            }
            else
                _reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
