using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;

namespace Actors443.Server.Hosting;

/// <summary>Tells systemd how the server is (sd_notify(3)), if that has started it and wants to know. Thread-safe.</summary>
internal sealed class ServiceManager
{
    private const string Address = "NOTIFY_SOCKET";

    private readonly string? _address = Environment.GetEnvironmentVariable(Address);
    private readonly SystemdNotifier _notifier = new();

    /// <summary>Every listener is open.</summary>
    /// <param name="status">A line that <c>systemctl status</c> shows.</param>
    public void Ready(string status)
    {
        _notifier.Notify(new ServiceState("STATUS=" + status));
        _notifier.Notify(ServiceState.Ready);
    }

    /// <summary>Connections are drained from now on.</summary>
    public void Stopping() => _notifier.Notify(ServiceState.Stopping);

    /// <summary>The service is another process from now on; nothing more is to be said by this one.</summary>
    public void Follow(int process) => _notifier.Notify(new ServiceState(string.Create(CultureInfo.InvariantCulture, $"MAINPID={process}")));

    /// <summary>Lets a process that is started speak to systemd as well.</summary>
    public void TellTo(IDictionary<string, string?> environment) => environment[Address] = _address;
}
