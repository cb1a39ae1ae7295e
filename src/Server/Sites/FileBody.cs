using System.IO.Pipelines;
using Actors443.Engine;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Win32.SafeHandles;

namespace Actors443.Server.Sites;

/// <summary>
/// A response body that sends files without a stream between: what is in memory anyway is read straight into the output, on the thread it is asked on; only what must
/// come from a disk is waited for elsewhere.
/// </summary>
/// <param name="inner">The server's.</param>
/// <param name="turns">The connection's; null: it has none.</param>
/// <param name="isStream">It is one of many answers on its connection, each of which may wait for its client by itself.</param>
internal sealed class FileBody(IHttpResponseBodyFeature inner, IOutputTurns? turns, bool isStream) : IHttpResponseBodyFeature
{
    /// <summary>The first piece of a stream: what a client that takes nothing has the server keep for each.</summary>
    private const int FirstOfStream = 12 * 1024;

    /// <summary>Bytes gathered before they are given to the connection: with one block more, less than what makes it ask a writer to
    /// wait, which costs a change of thread.</summary>
    private const int FlushAt = 44 * 1024;

    public Stream Stream => inner.Stream;

    public PipeWriter Writer => inner.Writer;

    public void DisableBuffering() => inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task CompleteAsync() => inner.CompleteAsync();

    /// <exception cref="IOException">The file became shorter while it was sent.</exception>
    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long end = count is { } wanted ? offset + wanted : RandomAccess.GetLength(file);
        await inner.StartAsync(cancellationToken);
        PipeWriter writer = inner.Writer;
        int unflushed = 0;
        int flushAt = isStream ? FirstOfStream : FlushAt;
        while (offset < end)
        {
            Memory<byte> room = writer.GetMemory();
            // Nobody takes the rest: HTTP gives no room then.
            if (room.IsEmpty)
                return;
            if (room.Length > end - offset)
                room = room[..(int)(end - offset)];
            int read = PageCache.TryRead(file, room.Span, offset);
            if (read < 0)
                read = await RandomAccess.ReadAsync(file, room, offset, cancellationToken);
            if (read == 0)
                throw new IOException($"{path} became shorter while it was sent.");
            writer.Advance(read);
            offset += read;
            unflushed += read;
            if (unflushed < flushAt && offset < end)
                continue;
            unflushed = 0;
            flushAt = FlushAt;
            if ((await writer.FlushAsync(cancellationToken)).IsCompleted)
                return;
            if (turns is not null && offset < end)
                await turns.NextTurnAsync();
        }
    }
}
