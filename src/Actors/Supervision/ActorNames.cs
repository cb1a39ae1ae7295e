namespace Actors443.Supervision;

/// <summary>Names in the supervision tree, <c>/user/actors443/…</c>.</summary>
internal static class ActorNames
{
    public const string Root = "actors443";
    public const string Certificates = "certificates";
    public const string Acme = "acme";
    public const string OnDemand = "on-demand";
    public const string TicketKeys = "ticket-keys";
    public const string Ocsp = "ocsp";
    public const string Revocations = "revocations";
    public const string Revoked = "revoked";
    public const string Dns = "dns";
    public const string Admission = "admission";
    public const string Tls = "tls";
    public const string Listeners = "listeners";
    public const string Acceptor = "acceptor";
    public const string Quic = "quic";
    public const string Directory = "directory";
    public const string Tunnels = "tunnels";
    public const string Cluster = "cluster";
    public const string Drain = "drain";

    public static string Listener(string scheme, int port) => port == 0 ? scheme : $"{scheme}-{port}";

    public static string ConnectionSupervisor(int number) => $"loop-{number}";
}
