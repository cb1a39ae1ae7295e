namespace Actors443.Dns.Upstreams;

/// <summary>One upstream with how it has behaved. Thread-safe.</summary>
internal sealed class UpstreamState(IDnsUpstream upstream)
{
    private const int FailuresUntilDown = 3;

    private int _failures;
    private int _isDown;
    private long _queries;
    private long _failed;

    public IDnsUpstream Upstream => upstream;

    public string Name => upstream.Name;

    /// <summary>Asked only if all others are down too.</summary>
    public bool IsDown => Volatile.Read(ref _isDown) != 0;

    public long Queries => Interlocked.Read(ref _queries);

    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>True: it was down until now.</summary>
    public bool NoteAnswer()
    {
        Interlocked.Increment(ref _queries);
        Volatile.Write(ref _failures, 0);
        return IsDown && Interlocked.Exchange(ref _isDown, 0) != 0;
    }

    /// <summary>True: it is down from now on.</summary>
    public bool NoteFailure()
    {
        Interlocked.Increment(ref _queries);
        Interlocked.Increment(ref _failed);
        return Interlocked.Increment(ref _failures) >= FailuresUntilDown && Interlocked.Exchange(ref _isDown, 1) == 0;
    }
}
