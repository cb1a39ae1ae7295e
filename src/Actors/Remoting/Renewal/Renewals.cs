using Actors443.Remoting.Frames;
using Actors443.Remoting.Identity;
using Actors443.Telemetry;
using Akka.Remote.Transport;

namespace Actors443.Remoting.Renewal;

/// <summary>
/// After a new certificate or another CA: has the associations that there are made anew below what they carry, one after the other, in half of the time that there is for it; the rest is
/// for those that fail at first. What is not done by then is ended: nobody goes on by what does not count any more. One loop for a system; what it shows is read by any thread.
/// </summary>
internal sealed class Renewals(TimeSpan within, IdentitySource identity, Func<IEnumerable<IRenewable>> all, ILogger log, TimeProvider time)
{
    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(5);

    private readonly Dictionary<IRenewable, Pending> _pending = [];
    private long _failed;
    private long _ended;
    private long _renewed;

    /// <summary>Associations that were made anew.</summary>
    public long Renewed => Volatile.Read(ref _renewed);

    /// <summary>Attempts that came to nothing.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Associations that were ended, for it was not done in time.</summary>
    public long Ended => Volatile.Read(ref _ended);

    public async Task RunAsync(CancellationToken stop)
    {
        TimeSpan look = within / 50;
        using var timer = new PeriodicTimer(look < ShortestLook ? ShortestLook : look > LongestLook ? LongestLook : look, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                Look(stop);
        }
        catch (OperationCanceledException)
        {
            // The system stops.
        }
    }

    private void Look(CancellationToken stop)
    {
        int now = identity.Generation;
        HashSet<IRenewable> old = [.. all().Where(association => association.Generation != now && !association.Association.IsEnding)];
        foreach (IRenewable done in _pending.Keys.Where(association => !old.Contains(association)).ToArray())
        {
            _pending.Remove(done);
            if (done.Generation != now)
                continue;
            Interlocked.Increment(ref _renewed);
            log.Renewed(done.Peer.ToString());
        }

        IRenewable[] added = [.. old.Where(association => !_pending.ContainsKey(association))];
        for (int index = 0; index < added.Length; index++)
            _pending.Add(added[index], new Pending(time.GetTimestamp(), within / 2 * index / added.Length));
        foreach ((IRenewable association, Pending pending) in _pending)
            Advance(association, pending, stop);
    }

    private void Advance(IRenewable association, Pending pending, CancellationToken stop)
    {
        TimeSpan waited = time.GetElapsedTime(pending.Since);
        if (waited >= within)
        {
            Interlocked.Increment(ref _ended);
            log.NotRenewedInTime(association.Peer.ToString(), within, pending.Problem ?? "the other has not connected anew");
            association.Association.End(ControlKind.Goodbye, "certificates have changed, and it was not made anew in time");
            return;
        }

        if (waited < pending.Due || !pending.Attempt.IsCompleted)
            return;
        pending.Due = waited + (within / 10);
        pending.Attempt = TryAsync(association, pending, stop);
    }

    private async Task TryAsync(IRenewable association, Pending pending, CancellationToken stop)
    {
        try
        {
            await association.RenewAsync(stop);
        }
        catch (InvalidAssociationException cause)
        {
            pending.Problem = cause.Message;
            Interlocked.Increment(ref _failed);
            log.NotRenewed(association.Peer.ToString(), cause.Message);
        }
    }

    private sealed class Pending(long since, TimeSpan due)
    {
        public long Since => since;

        /// <summary>After this since then.</summary>
        public TimeSpan Due { get; set; } = due;

        public Task Attempt { get; set; } = Task.CompletedTask;

        public string? Problem { get; set; }
    }
}
