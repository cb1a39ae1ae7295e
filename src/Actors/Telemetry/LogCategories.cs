namespace Actors443.Telemetry;

/// <summary>Logger categories, one an area, so that each can be turned up alone.</summary>
internal static class LogCategories
{
    public const string Listening = "Actors443.Listening";
    public const string Connections = "Actors443.Connections";
    public const string Certificates = "Actors443.Certificates";
    public const string Acme = "Actors443.Acme";
    public const string Dns = "Actors443.Dns";
    public const string Admission = "Actors443.Admission";
    public const string Tunnels = "Actors443.Tunnels";
    public const string Routing = "Actors443.Routing";
    public const string Requests = "Actors443.Requests";
    public const string Cluster = "Actors443.Cluster";
    public const string Remoting = "Actors443.Remoting";
    public const string Configuration = "Actors443.Configuration";
    public const string Sites = "Actors443.Sites";
    public const string AccessLog = "Actors443.AccessLog";
    public const string Admin = "Actors443.Admin";
    public const string Server = "Actors443.Server";
}
