namespace Actors443.Bench.Attacks;

/// <summary>One thing that strangers do to a server, and what it may cost everybody else.</summary>
internal abstract class Attack
{
    /// <summary>As it is asked for on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>How long it goes on; those that end by themselves end before.</summary>
    public virtual TimeSpan Duration => TimeSpan.FromSeconds(5);

    public virtual AttackBounds Bounds => new();

    /// <summary>More settings of the server, HOCON under <c>actors443</c>.</summary>
    public virtual string SettingsFor(AttackScene scene) => "";

    /// <summary>Why it cannot be run here, such as a program that is missing; null: it can.</summary>
    public virtual string? Missing => null;

    /// <summary>Attacks until <paramref name="stop"/>, or less.</summary>
    /// <returns>What came of it.</returns>
    public abstract Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop);

    /// <summary>Workers that do one thing again and again, at a bounded rate, at a lower priority than everybody else on this machine.</summary>
    /// <param name="workers">How many.</param>
    /// <param name="perSecond">Of each worker.</param>
    /// <param name="once">One connection of a worker. Failures to connect or to send are what attackers live with.</param>
    /// <param name="stop">The end.</param>
    protected static Task RepeatAsync(int workers, double perSecond, Func<int, Task> once, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(number => Task.Run(async () =>
        {
            using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1 / perSecond));
            try
            {
                do
                {
                    try
                    {
                        await once(number);
                    }
                    catch (Exception cause) when (cause is IOException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException)
                    {
                        // Refused or cut: that is told by the server's own counters.
                    }
                }
                while (await pace.WaitForNextTickAsync(stop));
            }
            catch (OperationCanceledException)
            {
                // The attack is over.
            }
        }, CancellationToken.None)));
}

/// <summary>What an attack may cost.</summary>
/// <param name="P99">Of the good client during the attack; less than ten times what it was before is never too much, for machines are noisy.</param>
/// <param name="MemoryMiB">Resident memory beyond that of before.</param>
/// <param name="Cores">Processor time of the server for each second.</param>
/// <param name="Recovery">Until connections are gone, and the good client is served as before.</param>
/// <param name="CutBy">Reasons, as metrics name them, of which one at least must have ended connections; empty: none must.</param>
internal sealed record AttackBounds(double P99 = 100, int MemoryMiB = 96, double Cores = 1.5, double Recovery = 5, params string[] CutBy);

/// <summary>What came of an attack.</summary>
/// <param name="Did">What was done, in numbers.</param>
/// <param name="Faults">What should not have happened.</param>
/// <param name="Details">A line for each case, shown when asked for.</param>
internal sealed record AttackResult(string Did, IReadOnlyList<string> Faults, IReadOnlyList<string> Details)
{
    public static AttackResult Of(string did, params string[] faults) => new(did, faults, []);
}
