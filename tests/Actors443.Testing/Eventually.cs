using System.Diagnostics;

namespace Actors443.Testing;

/// <summary>Waits for a condition that another thread or process brings about. The one place of the tests that looks at a clock.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns when <paramref name="condition"/> holds; throws naming <paramref name="what"/> when it does not within <paramref name="within"/> (10 s).</summary>
    public static Task HoldsAsync(Func<bool> condition, string what, TimeSpan? within = null) =>
        HoldsAsync(() => Task.FromResult(condition()), what, within);

    /// <inheritdoc cref="HoldsAsync(Func{bool}, string, TimeSpan?)"/>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        TimeSpan limit = within ?? TimeSpan.FromSeconds(10);
        long start = Stopwatch.GetTimestamp();
        using var ticks = new PeriodicTimer(Interval);
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
                throw new TimeoutException($"Not within {limit.TotalSeconds:0.#} s: {what}");
            await ticks.WaitForNextTickAsync();
        }
    }
}
