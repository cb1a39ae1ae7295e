using System.Net;
using Actors443.Bench.Servers;
using Actors443.Bench.Soak;

namespace Actors443.Bench.Attacks;

/// <summary>Where an attack takes place: a server of its own, its files, and addresses to come from.</summary>
internal sealed class AttackScene(BenchSite site) : IDisposable
{
    private readonly List<IDisposable> _held = [];
    private int _address;

    /// <summary>Settings of every attacked server: the good client's address, and no other, is under no limit.</summary>
    public const string CommonSettings = """
        admission.per-client.exempt = ["127.0.0.1/32"]
        log.level = error
        """;

    public BenchSite Site => site;

    /// <summary>There once the attack's settings are known.</summary>
    public WatchedServer Server { get; set; } = null!;

    public int Port => Server.Port;

    /// <summary>An address of loopback that nobody has come from yet.</summary>
    public IPAddress NextAddress()
    {
        int number = Interlocked.Increment(ref _address);
        return new IPAddress([127, 66, (byte)(number >> 8), (byte)number]);
    }

    /// <summary>Goes with the scene.</summary>
    public T Hold<T>(T held)
        where T : IDisposable
    {
        _held.Add(held);
        return held;
    }

    public void Dispose()
    {
        foreach (IDisposable held in Enumerable.Reverse(_held))
            held.Dispose();
    }
}
