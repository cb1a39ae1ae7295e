using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Listening.Handover;
using Actors443.Server.Cli;
using Actors443.Server.Telemetry;
using Actors443.Supervision;

namespace Actors443.Server.Hosting.Upgrades;

/// <summary>
/// Replaces this process by a new one of the program that is installed now, without refusing a connection: it is started with the listening sockets, and once it serves this one accepts
/// no more, lets its connections go as in any drain, and ends. If it does not come to serve, nothing has changed. One at a time; thread-safe.
/// </summary>
internal sealed class ProcessUpgrade(ServerEnvironment environment, ServiceManager manager, TimeSpan readyWithin, CancellationTokenSource stopping, ILogger log) : IDisposable
{
    private NetworkStream? _line;
    private int _running;

    /// <summary>Told when the new process serves, before whoever asked for it.</summary>
    public Action? OnReplaced { get; set; }

    /// <summary>Completes when the new process serves; this one is draining then. Answers its number.</summary>
    /// <exception cref="UpgradeException">It does not serve; this one goes on.</exception>
    public async Task<int> RunAsync()
    {
        if (Refusal() is { } refusal)
        {
            log.NotReplaced(refusal);
            throw new UpgradeException(refusal);
        }

        try
        {
            int successor = await StartAsync();
            environment.Lifecycle.IsReplaced = true;
            OnReplaced?.Invoke();
            manager.Follow(successor);
            log.Replaced(successor);
            await stopping.CancelAsync();
            return successor;
        }
        catch (Exception cause) when (cause is UpgradeException or IOException or Win32Exception)
        {
            log.NotReplaced(cause.Message);
            throw cause as UpgradeException ?? new UpgradeException(cause.Message, cause);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    // Not before: that this end is closed tells the new process that this one is gone.
    public void Dispose() => _line?.Dispose();

    // Null: from now on it is being replaced.
    private string? Refusal()
    {
        if (!OperatingSystem.IsLinux())
            return "a running server can be replaced on Linux only; restart it";
        if (environment.Settings.Cluster.Enabled)
            return "a node of a cluster is not replaced in place, for its port of the cluster can have one owner only: stop it, which drains it, and start the new one";
        if (environment.Lifecycle.Phase == ServerPhase.Starting)
            return "the server is still starting; try again when it is ready";
        return stopping.IsCancellationRequested || Interlocked.Exchange(ref _running, 1) != 0 ? "the server is being replaced or stopped already" : null;
    }

    private async Task<int> StartAsync()
    {
        _line?.Dispose();
        (_line, int theirs) = OpenLine();
        using Process successor = Start(theirs);
        log.SuccessorStarted(successor.Id);
        using var patience = new CancellationTokenSource(readyWithin);
        try
        {
            if (await HandOverAsync(_line, patience.Token))
                return successor.Id;
            await successor.WaitForExitAsync(patience.Token);
            throw new UpgradeException($"the new process {successor.Id} ended with {successor.ExitCode} before it served; it has written why. The one before goes on");
        }
        catch (OperationCanceledException cause)
        {
            successor.Kill();
            throw new UpgradeException($"the new process {successor.Id} did not serve within upgrade.ready-within = {HumanText.Duration(readyWithin)}, and was ended. The one before goes on", cause);
        }
    }

    // False: whoever has the other end has ended.
    private async Task<bool> HandOverAsync(NetworkStream line, CancellationToken cancellationToken)
    {
        try
        {
            await Legacy.Of(environment.TicketKeys.Current).WriteAsync(line, cancellationToken);
            byte[] word = new byte[1];
            return await line.ReadAsync(word, cancellationToken) == 1 && word[0] == Legacy.Served;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private Process Start(int line)
    {
        try
        {
            using SocketCopies sockets = environment.Sockets.Copy();
            var command = OwnCommand.Read();
            var start = new ProcessStartInfo(command.Program, command.Arguments);
            start.Environment[ParentProcess.Variable] = line.ToString(CultureInfo.InvariantCulture);
            start.Environment[InheritedSockets.Variable] = sockets.Names;
            manager.TellTo(start.Environment);
            return Process.Start(start)!;
        }
        finally
        {
            _ = LibC.close(line);
        }
    }

    private static unsafe (NetworkStream Ours, int Theirs) OpenLine()
    {
        int* ends = stackalloc int[2];
        if (LibC.socketpair(LibC.FamilyUnix, LibC.SocketStream | LibC.SocketCloseOnExec, 0, ends) != 0)
            throw new IOException($"there is no line to a new process: error {LibC.Error}");
        // This one goes with it.
        _ = LibC.fcntl(ends[1], LibC.SetDescriptorFlags, 0);
        return (new NetworkStream(new Socket(new SafeSocketHandle(ends[0], ownsHandle: true)), ownsSocket: true), ends[1]);
    }
}
