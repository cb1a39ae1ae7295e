using System.Globalization;
using Actors443.Supervision;
using Microsoft.Extensions.Hosting.Systemd;

namespace Actors443.Server.Hosting;

/// <summary>Tells systemd how the server is (sd_notify(3)), if that has started it and wants to know. Thread-safe.</summary>
internal sealed class ServiceManager
{
    private const string Address = "NOTIFY_SOCKET";

    // TimeoutStartSec is 90 s if nobody has set it.
    private static readonly TimeSpan JoinWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly string? _address = Environment.GetEnvironmentVariable(Address);
    private readonly SystemdNotifier _notifier = new();

    /// <summary>
    /// Says that the service is ready: every listener is open, and a node of a cluster has joined it and has what the others have. That is waited for <see cref="JoinWithin"/> at most, as systemd would
    /// end a service that is not ready for long, and a cluster may wait for other nodes.
    /// </summary>
    /// <param name="environment">The server.</param>
    /// <param name="serving">A line that <c>systemctl status</c> shows.</param>
    /// <param name="stop">Ends the wait; nothing is said then.</param>
    public async Task ReadyAsync(ServerEnvironment environment, string serving, CancellationToken stop)
    {
        long began = environment.Time.GetTimestamp();
        string? told = null;
        using var looks = new PeriodicTimer(LookAgain, environment.Time);
        try
        {
            while (ServerReadiness.Of(environment).JoinProblem is { } problem)
            {
                string status = $"{serving}; {problem.Check}: {problem.Detail}";
                if (status != told)
                    _notifier.Notify(new ServiceState("STATUS=" + (told = status)));
                if (environment.Time.GetElapsedTime(began) > JoinWithin)
                {
                    _notifier.Notify(ServiceState.Ready);
                    return;
                }

                await looks.WaitForNextTickAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }

        _notifier.Notify(new ServiceState("STATUS=" + serving));
        _notifier.Notify(ServiceState.Ready);
    }

    /// <summary>Connections are drained from now on.</summary>
    public void Stopping() => _notifier.Notify(ServiceState.Stopping);

    /// <summary>The service is another process from now on; nothing more is to be said by this one.</summary>
    public void Follow(int process) => _notifier.Notify(new ServiceState(string.Create(CultureInfo.InvariantCulture, $"MAINPID={process}")));

    /// <summary>Lets a process that is started speak to systemd as well.</summary>
    public void TellTo(IDictionary<string, string?> environment) => environment[Address] = _address;
}
