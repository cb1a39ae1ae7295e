using System.Runtime.InteropServices;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Cli;

/// <summary>
/// SIGHUP: read the configuration again and reopen the access log. Signals that come while one is worked on are answered by one more
/// round, so that the last change always counts. Where there is no such signal (Windows) the file watch alone reloads.
/// </summary>
internal sealed class HangupSignal : IDisposable
{
    private readonly Func<CancellationToken, Task> _reload;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopping;
    private readonly PosixSignalRegistration? _registration;
    private int _pending;

    private HangupSignal(Func<CancellationToken, Task> reload, ILogger log)
    {
        _reload = reload;
        _log = log;
        _stopping = _stop.Token;
        if (!OperatingSystem.IsWindows())
            _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
    }

    /// <summary>A signal came while an earlier one is worked on.</summary>
    public bool IsPending => Volatile.Read(ref _pending) > 1;

    public static HangupSignal Listen(Func<CancellationToken, Task> reload, ILogger log) => new(reload, log);

    public void Dispose()
    {
        _registration?.Dispose();
        _stop.Cancel();
        _stop.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // The default action of HUP ends the process.
        context.Cancel = true;
        if (Interlocked.Increment(ref _pending) == 1)
            _ = Task.Run(ReloadAsync);
    }

    private async Task ReloadAsync()
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref _pending);
            try
            {
                _log.HangupReceived();
                await _reload(_stopping);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception cause)
            {
                // The server goes on with what it has.
                _log.HangupReloadFailed(cause);
            }
        }
        while (Interlocked.Add(ref _pending, -seen) > 0);
    }
}
