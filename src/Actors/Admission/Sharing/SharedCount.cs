namespace Actors443.Admission.Sharing;

/// <summary>
/// How many connections or tunnels one client, account or certificate has: here, which is exact, and on the other nodes, as far as is known. Thread-safe by compare-and-swap: whoever
/// counts waits for nobody.
/// </summary>
internal abstract class SharedCount
{
    private const int RetiredMark = int.MinValue;

    private int _here;
    private int _others;
    private int _queued;
    private bool _watched;

    /// <summary>The same on every node: the kind, a colon, and which.</summary>
    public abstract string Key { get; }

    /// <summary>On this node.</summary>
    public int Here => Math.Max(0, Volatile.Read(ref _here));

    /// <summary>On the other nodes, as they have said. Written by the actor of shared limits alone.</summary>
    public int Others
    {
        get => Volatile.Read(ref _others);
        set => Volatile.Write(ref _others, value);
    }

    /// <summary>Every change is told to the other nodes. Written by the actor of shared limits alone.</summary>
    public bool IsWatched
    {
        get => Volatile.Read(ref _watched);
        set => Volatile.Write(ref _watched, value);
    }

    /// <param name="maximum">On all nodes together; 0: no limit.</param>
    public EnterResult TryEnter(int maximum)
    {
        while (true)
        {
            int here = Volatile.Read(ref _here);
            if (here == RetiredMark)
                return EnterResult.Retired;
            if (maximum > 0 && here + Others >= maximum)
                return EnterResult.TooManyConnections;
            if (Interlocked.CompareExchange(ref _here, here + 1, here) == here)
                return EnterResult.Entered;
        }
    }

    /// <summary>Once for each that entered. After a change of masks a connection may leave by a count it did not enter by: it never falls below 0.</summary>
    public void Leave()
    {
        int here;
        while ((here = Volatile.Read(ref _here)) > 0 && Interlocked.CompareExchange(ref _here, here - 1, here) != here)
        {
            // Another came or went meanwhile.
        }
    }

    /// <summary>True: there is none, here or elsewhere, and nobody can enter by it any more.</summary>
    public bool TryRetire() => Others == 0 && !IsWatched && Interlocked.CompareExchange(ref _here, RetiredMark, 0) == 0;

    /// <summary>False: it waits already for being looked at.</summary>
    public bool TryQueue() => Interlocked.Exchange(ref _queued, 1) == 0;

    /// <summary>It is looked at: what changes from now on needs another look.</summary>
    public void Unqueue() => Interlocked.Exchange(ref _queued, 0);
}
