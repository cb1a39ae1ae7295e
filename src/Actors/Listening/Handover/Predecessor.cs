using System.Net.Sockets;

namespace Actors443.Listening.Handover;

/// <summary>The process that this one replaces, if there is one: it serves until it hears that this one does, then lets its connections go and ends. Thread-safe.</summary>
internal sealed class Predecessor
{
    private readonly Stream? _line;
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Predecessor(Stream? line, Legacy? legacy)
    {
        _line = line;
        Legacy = legacy;
        if (line is null)
            _gone.SetResult();
        else
            _ = WatchAsync(line);
    }

    /// <summary>There is none.</summary>
    public static Predecessor None { get; } = new(null, null);

    public bool Exists => _line is not null;

    /// <summary>What it has left; null: nothing.</summary>
    public Legacy? Legacy { get; }

    /// <summary>Completes when it has ended, and with it its last connections.</summary>
    public Task Gone => _gone.Task;

    /// <summary>Waits for what it leaves.</summary>
    /// <param name="line">To it; owned from now on.</param>
    /// <exception cref="IOException">It has ended, or is of another version.</exception>
    public static async Task<Predecessor> MeetAsync(Socket line, CancellationToken cancellationToken)
    {
        var stream = new NetworkStream(line, ownsSocket: true);
        return new Predecessor(stream, await Legacy.ReadAsync(stream, cancellationToken));
    }

    /// <summary>Tells it that everything is served here: it accepts no more.</summary>
    /// <exception cref="IOException">It has ended.</exception>
    public async Task TakeOverAsync(CancellationToken cancellationToken) => await _line!.WriteAsync(new byte[] { Legacy.Served }, cancellationToken);

    // It says nothing more; the end of the line is the end of it.
    private async Task WatchAsync(Stream line)
    {
        byte[] nothing = new byte[1];
        try
        {
            while (await line.ReadAsync(nothing) > 0)
            {
            }
        }
        catch (IOException)
        {
            // As good an end.
        }
        finally
        {
            _gone.SetResult();
        }
    }
}
