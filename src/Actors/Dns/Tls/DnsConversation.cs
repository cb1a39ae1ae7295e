using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Routing;

namespace Actors443.Dns.Tls;

/// <summary>
/// One connection with DNS on it: each message behind its length in two bytes (RFC 1035 4.2.2). Questions are read without waiting for the answers before them, which go out as they are there,
/// in any order (RFC 7766 6.2.1.1).
/// </summary>
#pragma warning disable CA1001 // The semaphore has no handle, the source no timer: neither holds anything.
internal sealed class DnsConversation(IDnsResolver resolver, DnsDotSettings settings, EngineConnection connection, IRoutedClient client) : ICarriedProtocol
#pragma warning restore CA1001
{
    private const int PrefixLength = 2;

    private readonly CancellationTokenSource _gone = new();
    private readonly SemaphoreSlim _room = new(settings.InFlight, settings.InFlight);
    private readonly ConcurrentQueue<Answer> _answers = new();
    // Answers that wait, and one more while somebody holds them back to write several at once. Whoever raises it from zero writes.
    private int _unwritten;
    private volatile bool _stopped;

    public string? Route => null;

    public string? Upstream => null;

    public TimeSpan? Idle => settings.Idle;

    public TimeSpan? Age => null;

    /// <summary>What was asked is answered.</summary>
    public void Stop()
    {
        _stopped = true;
        client.Input.CancelPendingRead();
    }

    public void Drain() => Stop();

    public void Break()
    {
        Stop();
        _gone.Cancel();
        client.Output.CancelPendingFlush();
    }

    public async Task RunAsync()
    {
        try
        {
            while (await ReadAsync())
            {
                // As long as questions come.
            }

            // The last answers: room comes back when they are on their way.
            for (int waited = 0; waited < settings.InFlight; waited++)
                await _room.WaitAsync(_gone.Token);
            if (!_stopped)
                connection.SetOrderlyReason(CloseReason.ClientClosed);
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or ObjectDisposedException)
        {
            connection.SetReason(CloseReason.ClientReset);
        }
    }

    /// <summary>Takes what has come; false: that was all.</summary>
    private async ValueTask<bool> ReadAsync()
    {
        ReadResult read = await client.Input.ReadAsync(CancellationToken.None);
        if (_stopped)
        {
            client.Input.AdvanceTo(read.Buffer.Start);
            return false;
        }

        ReadOnlySequence<byte> rest = read.Buffer;
        bool holds = Interlocked.CompareExchange(ref _unwritten, 1, 0) == 0;
        bool good = true;
        while (good && TryTake(ref rest, out ReadOnlySequence<byte> message))
        {
            if (!_room.Wait(0))
            {
                if (holds)
                    await WriteAsync(1);
                holds = false;
                await _room.WaitAsync(_gone.Token);
            }

            good = Ask(message);
        }

        client.Input.AdvanceTo(rest.Start, good ? read.Buffer.End : rest.Start);
        if (holds)
            await WriteAsync(1);
        return good && !read.IsCompleted;
    }

    private static bool TryTake(ref ReadOnlySequence<byte> rest, out ReadOnlySequence<byte> message)
    {
        message = default;
        Span<byte> prefix = stackalloc byte[PrefixLength];
        if (rest.Length < PrefixLength)
            return false;
        rest.Slice(0, PrefixLength).CopyTo(prefix);
        int length = BinaryPrimitives.ReadUInt16BigEndian(prefix);
        if (rest.Length < PrefixLength + length)
            return false;
        message = rest.Slice(PrefixLength, length);
        rest = rest.Slice(message.End);
        return true;
    }

    /// <summary>False: it was no question, and who sends that is not listened to any more.</summary>
    private bool Ask(in ReadOnlySequence<byte> message)
    {
        int length = (int)message.Length;
        // It must stay until its answer is written.
        byte[] query = ArrayPool<byte>.Shared.Rent(length);
        message.CopyTo(query);
        ValueTask<DnsAnswer> answer = resolver.ResolveAsync(query.AsMemory(0, length), new DnsClient(connection.Remote.Address), _gone.Token);
        if (!answer.IsCompletedSuccessfully)
        {
            _ = AnswerLaterAsync(answer, query);
            return true;
        }

        DnsAnswer known = answer.Result;
        if (known.Verdict == DnsVerdict.NotAQuery)
        {
            connection.SetReason(CloseReason.ProtocolError, "no DNS query (RFC 1035 4.1)");
            ArrayPool<byte>.Shared.Return(query);
            _room.Release();
            return false;
        }

        Add(new Answer(known, query));
        return true;
    }

    private async Task AnswerLaterAsync(ValueTask<DnsAnswer> answer, byte[] query)
    {
        try
        {
            Add(new Answer(await answer, query));
        }
        catch (OperationCanceledException)
        {
            // The client has gone. The query may still be in use: it is left to the garbage collector.
            _room.Release();
        }
    }

    private void Add(in Answer answer)
    {
        _answers.Enqueue(answer);
        if (Interlocked.Increment(ref _unwritten) == 1)
            _ = WriteAsync(0);
    }

    /// <param name="held">What the caller has raised <see cref="_unwritten"/> by, to hold answers back.</param>
    private async Task WriteAsync(int held)
    {
        try
        {
            while (true)
            {
                int written = 0;
                while (_answers.TryDequeue(out Answer answer))
                {
                    Write(answer);
                    written++;
                }

                await client.Output.FlushAsync(_gone.Token);
                if (written > 0)
                    _room.Release(written);
                if (Interlocked.Add(ref _unwritten, -written - held) == 0)
                    return;
                held = 0;
            }
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Nobody takes answers any more, and nobody writes after this.
            Break();
        }
    }

    private void Write(in Answer answer)
    {
        int length = answer.Known.Length;
        Span<byte> room = client.Output.GetSpan(PrefixLength + length);
        BinaryPrimitives.WriteUInt16BigEndian(room, (ushort)length);
        answer.Known.WriteTo(room.Slice(PrefixLength, length));
        client.Output.Advance(PrefixLength + length);
        ArrayPool<byte>.Shared.Return(answer.Query);
    }

    private readonly record struct Answer(DnsAnswer Known, byte[] Query);
}
