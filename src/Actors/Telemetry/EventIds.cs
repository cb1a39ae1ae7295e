namespace Actors443.Telemetry;

/// <summary>
/// Who owns which log event ids. An id once used keeps its meaning; a retired one is not used again.
/// Each area has one file <c>{Area}Log.cs</c> of source-generated extension methods on <c>ILogger</c>.
/// </summary>
internal static class EventIds
{
    public const int Listening = 1000;
    public const int Connections = 1100;
    public const int Tls = 1200;
    public const int Certificates = 2000;
    public const int Acme = 2100;
    public const int Dns = 2200;
    public const int Admission = 3000;
    public const int Tunnels = 3100;
    public const int Routing = 3200;
    public const int Requests = 3300;
    public const int Cluster = 3400;
    public const int Remoting = 3500;
    public const int Configuration = 4000;
    public const int Sites = 5000;
    public const int AccessLog = 5100;
    public const int Admin = 6000;
    public const int Server = 7000;
}
