using System.Runtime.InteropServices;

namespace Actors443.Server.Hosting.Upgrades;

/// <summary>SIGUSR2: replace the process, as of old. What comes of it is in the log.</summary>
internal static class UpgradeSignal
{
    // Linux has the same number on all its usual machines.
    private const PosixSignal User2 = (PosixSignal)12;

    /// <summary>Listens until disposed of; null where there is no such signal.</summary>
    public static PosixSignalRegistration? Listen(ProcessUpgrade upgrade) => OperatingSystem.IsLinux()
        ? PosixSignalRegistration.Create(User2, context =>
        {
            // The default action ends the process.
            context.Cancel = true;
            _ = Task.Run(() => RunAsync(upgrade));
        })
        : null;

    private static async Task RunAsync(ProcessUpgrade upgrade)
    {
        try
        {
            await upgrade.RunAsync();
        }
        catch (UpgradeException)
        {
            // It has been logged.
        }
    }
}
