using System.Diagnostics;
using System.Globalization;
using Actors443.Server.Cli;
using Actors443.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.IntegrationTests.Cli;

/// <summary>A signal reaches the whole process, so nothing else runs meanwhile.</summary>
[Collection(nameof(HangupSignalTests))]
[CollectionDefinition(nameof(HangupSignalTests), DisableParallelization = true)]
public class HangupSignalTests
{
    [SkippableFact]
    public async Task Each_signal_is_answered_even_after_a_reload_that_failed()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no SIGHUP");
        int reloads = 0;
        using var hangup = HangupSignal.Listen(
            _ => Interlocked.Increment(ref reloads) == 1 ? throw new InvalidOperationException("the first fails") : Task.CompletedTask, NullLogger.Instance);

        await SendAsync();
        await Eventually.HoldsAsync(() => Volatile.Read(ref reloads) == 1, "the first reload");
        await SendAsync();
        await Eventually.HoldsAsync(() => Volatile.Read(ref reloads) == 2, "the second reload");
    }

    [SkippableFact]
    public async Task A_signal_during_a_reload_brings_one_more()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no SIGHUP");
        int reloads = 0;
        var first = new TaskCompletionSource();
        using var hangup = HangupSignal.Listen(_ => Interlocked.Increment(ref reloads) == 1 ? first.Task : Task.CompletedTask, NullLogger.Instance);

        await SendAsync();
        await Eventually.HoldsAsync(() => Volatile.Read(ref reloads) == 1, "the first reload");
        await SendAsync();
        await Eventually.HoldsAsync(() => hangup.IsPending, "the second signal's arrival");
        Assert.Equal(1, Volatile.Read(ref reloads));
        first.SetResult();

        await Eventually.HoldsAsync(() => Volatile.Read(ref reloads) == 2, "the second reload");
    }

    private static async Task SendAsync()
    {
        using Process kill = Process.Start("kill", ["-HUP", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }
}
