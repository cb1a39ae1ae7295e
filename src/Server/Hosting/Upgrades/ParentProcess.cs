using System.Globalization;
using System.Net.Sockets;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Listening.Handover;

namespace Actors443.Server.Hosting.Upgrades;

/// <summary>Finds the process that has started this one to be replaced by it.</summary>
internal static class ParentProcess
{
    /// <summary>Names the descriptor of the line to it.</summary>
    public const string Variable = "ACTORS443_UPGRADE";

    private static readonly TimeSpan SpeaksWithin = TimeSpan.FromSeconds(10);

    /// <summary><see cref="Predecessor.None"/> if this process was started otherwise.</summary>
    /// <exception cref="UpgradeException">It does not say what it has to.</exception>
    public static async Task<Predecessor> MeetAsync(CancellationToken cancellationToken)
    {
        string? descriptor = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, null);
        if (!OperatingSystem.IsLinux() || !int.TryParse(descriptor, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return Predecessor.None;
        // Not for those that this one starts in turn.
        _ = LibC.fcntl(number, LibC.SetDescriptorFlags, LibC.CloseOnExec);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(SpeaksWithin);
        try
        {
            return await Predecessor.MeetAsync(new Socket(new SafeSocketHandle(number, ownsHandle: true)), patience.Token);
        }
        catch (Exception cause) when (cause is IOException or SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new UpgradeException($"the process that was to be replaced does not hand over: {cause.Message}", cause);
        }
    }
}
