using System.Buffers.Binary;
using System.Security.Cryptography;
using Actors443.Dns.Wire;

namespace Actors443.Dns.Upstreams;

/// <summary>One connection with questions under way on it, told apart by their ids. Thread-safe.</summary>
internal sealed class StreamConnection : IDisposable
{
    // Ids are looked for at random: of a table half full every second one fits.
    private const int MostUnderWay = 32_000;

    private readonly Stream _stream;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Dictionary<ushort, Pending> _pending = [];
    private Exception? _end;
    private long _idleSince;

    public StreamConnection(Stream stream, TimeProvider time)
    {
        _stream = stream;
        _time = time;
        _idleSince = time.GetTimestamp();
        _ = ReadAsync();
    }

    public bool IsOpen
    {
        get
        {
            lock (_pending)
                return _end is null && _pending.Count < MostUnderWay;
        }
    }

    /// <summary>Since when nothing is under way, as a timestamp; null: something is, or it has ended.</summary>
    public long? IdleSince
    {
        get
        {
            lock (_pending)
                return _end is null && _pending.Count == 0 ? _idleSince : null;
        }
    }

    /// <param name="write">Makes the message with an id.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="IOException">The connection ended before the answer.</exception>
    public async Task<byte[]> ExchangeAsync(Func<ushort, byte[]> write, CancellationToken cancellationToken)
    {
        (ushort id, Pending pending) = Register(write);
        try
        {
            byte[] framed = new byte[2 + pending.Query.Length];
            BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)pending.Query.Length);
            pending.Query.CopyTo(framed, 2);
            await _writing.WaitAsync(cancellationToken);
            try
            {
                // Not to be cut off in the middle: others write behind it.
                await _stream.WriteAsync(framed, CancellationToken.None);
            }
            catch (ObjectDisposedException cause)
            {
                throw new IOException("The connection was closed.", cause);
            }
            finally
            {
                _writing.Release();
            }

            return await pending.Answer.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_pending)
            {
                _pending.Remove(id);
                _idleSince = _time.GetTimestamp();
            }
        }
    }

    public void Dispose()
    {
        End(new IOException("The connection was closed."));
        _stream.Dispose();
    }

    private (ushort, Pending) Register(Func<ushort, byte[]> write)
    {
        lock (_pending)
        {
            if (_end is not null)
                throw new IOException(_end.Message, _end);
            ushort id;
            do
                id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
            while (_pending.ContainsKey(id));
            var pending = new Pending(write(id));
            _pending.Add(id, pending);
            return (id, pending);
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            byte[] length = new byte[2];
            while (true)
            {
                await _stream.ReadExactlyAsync(length);
                byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await _stream.ReadExactlyAsync(answer);
                if (answer.Length < DnsHeader.Length)
                    continue;
                Pending? pending;
                lock (_pending)
                    _ = _pending.TryGetValue(DnsHeader.Id(answer), out pending);
                // Given up meanwhile, or nobody's.
                if (pending is not null && UpstreamQuery.Match(pending.Query, answer) is AnswerMatch.Answer or AnswerMatch.OtherCase)
                    pending.Answer.TrySetResult(answer);
            }
        }
        catch (Exception cause) when (cause is IOException or ObjectDisposedException)
        {
            End(cause);
        }
        finally
        {
            await _stream.DisposeAsync();
        }
    }

    private void End(Exception cause)
    {
        Pending[] left;
        lock (_pending)
        {
            _end ??= cause;
            left = [.. _pending.Values];
        }

        foreach (Pending pending in left)
            pending.Answer.TrySetException(new IOException(cause.Message, cause));
    }

    private sealed class Pending(byte[] query)
    {
        public byte[] Query => query;

        public TaskCompletionSource<byte[]> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
