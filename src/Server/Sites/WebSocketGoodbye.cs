using System.Net.WebSockets;

namespace Actors443.Server.Sites;

/// <summary>
/// The client's side of a WebSocket that is proxied: passes all bytes, until this server is to let the client go. Then, between two frames, the client is told to go away
/// (1001, RFC 6455 7.4.1), and what the upstream still sends is dropped; the client's answer closes the WebSocket for the upstream. Thread-safe where a stream need not be: the goodbye.
/// </summary>
internal sealed class WebSocketGoodbye(Stream client) : Stream
{
    // Frame: final, Close, two bytes of payload: the code.
    private static readonly byte[] GoingAway = [0x88, 0x02, (int)WebSocketCloseStatus.EndpointUnavailable >> 8, (int)WebSocketCloseStatus.EndpointUnavailable & 0xFF];

    private readonly SemaphoreSlim _writing = new(1);
    private WebSocketFrames _frames;
    private bool _leaves;
    private bool _said;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Now, or after the frame that is on its way. Again: nothing.</summary>
    public async Task SayAsync()
    {
        await _writing.WaitAsync();
        try
        {
            _leaves = true;
            await SayIfMayAsync(CancellationToken.None);
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The client has gone of its own accord; whoever copies from it sees that as well.
        }
        finally
        {
            _writing.Release();
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            while (!buffer.IsEmpty && !_said)
            {
                int length = 0;
                do
                {
                    length += _frames.PassFrame(buffer.Span[length..]);
                }
                while (length < buffer.Length && !_leaves);
                await client.WriteAsync(buffer[..length], cancellationToken);
                buffer = buffer[length..];
                await SayIfMayAsync(cancellationToken);
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Nobody may wait for a client with a thread.");

    public override Task FlushAsync(CancellationToken cancellationToken) => client.FlushAsync(cancellationToken);

    public override void Flush() => client.Flush();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => client.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => client.ReadAsync(buffer, offset, count, cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Nobody may wait for a client with a thread.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            client.Dispose();
        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await base.DisposeAsync();
    }

    private async ValueTask SayIfMayAsync(CancellationToken cancellationToken)
    {
        if (!_leaves || _said || !_frames.IsBetween || _frames.IsClosed)
            return;
        _said = true;
        await client.WriteAsync(GoingAway, cancellationToken);
        await client.FlushAsync(cancellationToken);
    }
}
