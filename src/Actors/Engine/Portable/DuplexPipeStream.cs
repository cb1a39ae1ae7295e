using System.Buffers;
using System.IO.Pipelines;
using Actors443.Connections;
using Microsoft.AspNetCore.Connections;

namespace Actors443.Engine.Portable;

/// <summary>The transport's pipes as the stream that SslStream wants, counting what passes. One reader and one writer at a time.</summary>
internal sealed class DuplexPipeStream(IDuplexPipe transport, PortableConnection connection) : DuplexStream
{
    private readonly PipeReader _input = transport.Input;
    private readonly PipeWriter _output = transport.Output;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> read = _input.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new ValueTask<int>(Take(read.Result, buffer.Span)) : Awaited(read, buffer);

        async ValueTask<int> Awaited(ValueTask<ReadResult> pending, Memory<byte> destination)
        {
            try
            {
                return Take(await pending, destination.Span);
            }
            catch (ConnectionResetException)
            {
                // Between requests that is how some clients say goodbye.
                if (connection.Stage >= ConnectionState.Open && connection.RequestsInFlight == 0)
                    connection.PeerEnded();
                else
                    connection.CutOff();
                throw;
            }
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        connection.CountWritten(buffer.Length);
        ValueTask<FlushResult> flush = _output.WriteAsync(buffer, cancellationToken);
        if (flush.IsCompletedSuccessfully)
        {
            Look(flush.Result);
            return default;
        }

        return Awaited(flush);

        async ValueTask Awaited(ValueTask<FlushResult> pending) => Look(await pending);
    }

    // Nobody takes what is written: the socket has gone while an answer was on its way. Whoever reads may hear of it as an end in order.
    private void Look(in FlushResult result)
    {
        if (result.IsCompleted && connection.RequestsInFlight > 0)
            connection.CutOff();
    }

    // An empty destination is how SslStream waits for data without holding a buffer.
    private int Take(in ReadResult result, Span<byte> destination)
    {
        ReadOnlySequence<byte> available = result.Buffer;
        int count = (int)Math.Min(available.Length, destination.Length);
        ReadOnlySequence<byte> taken = available.Slice(0, count);
        taken.CopyTo(destination);
        _input.AdvanceTo(taken.End);
        if (count > 0)
        {
            connection.CountRead(count);
            if (connection.IsTalkingToTls)
                throw new IOException("the client sends key updates without end");
        }
        else if (available.IsEmpty && result.IsCompleted)
            connection.PeerEnded();
        else if (result.IsCanceled)
            throw new OperationCanceledException("The transport's read was cancelled.");
        return count;
    }
}
