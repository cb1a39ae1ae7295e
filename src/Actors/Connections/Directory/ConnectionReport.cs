using System.Security.Authentication;
using Actors443.Configuration.Reading;
using Actors443.Tls;

namespace Actors443.Connections.Directory;

/// <summary>One connection as the admin API and other nodes tell it. Times are in seconds, sizes in bytes.</summary>
public sealed record ConnectionReport
{
    /// <summary>The node it is on; null: there is no cluster.</summary>
    public string? Node { get; init; }

    /// <summary>Unique on its node.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the listener that accepted it.</summary>
    public required string Listener { get; init; }

    /// <summary>In lower case: <c>open</c>, <c>handshaking</c>, …</summary>
    public required string State { get; init; }

    /// <summary>The client's address and port.</summary>
    public required string Remote { get; init; }

    /// <summary>Address and port of the proxy in front that brought it; null: none.</summary>
    public string? Proxy { get; init; }

    /// <summary>Since accept.</summary>
    public required double AgeSeconds { get; init; }

    /// <summary>Since the last request ended.</summary>
    public required double IdleSeconds { get; init; }

    /// <summary>SNI; null: none.</summary>
    public string? ServerName { get; init; }

    /// <summary>JA4 fingerprint; null: it is not known.</summary>
    public string? Ja4 { get; init; }

    /// <summary>ALPN; null: none.</summary>
    public string? ApplicationProtocol { get; init; }

    /// <summary><c>1.2</c> or <c>1.3</c>; null: not known yet.</summary>
    public string? TlsVersion { get; init; }

    /// <summary>Null: not known yet.</summary>
    public string? CipherSuite { get; init; }

    /// <summary>Whether the TLS session was resumed; null: not known.</summary>
    public bool? Resumed { get; init; }

    /// <summary>Subject of the client certificate; null: none.</summary>
    public string? ClientCertificate { get; init; }

    /// <summary>Whose it is; null: nobody has said.</summary>
    public string? Principal { get; init; }

    /// <summary>Name of the route that leads it elsewhere; null: it is served here.</summary>
    public string? Route { get; init; }

    /// <summary>The upstream it is led to; null: none.</summary>
    public string? Upstream { get; init; }

    /// <summary>Requests begun.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests in flight.</summary>
    public required int RequestsInFlight { get; init; }

    /// <summary>Bytes received.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Bytes sent.</summary>
    public required long BytesWritten { get; init; }

    internal static ConnectionReport Of(ConnectionSnapshot connection, string? node) => new()
    {
        Node = node,
        Id = connection.Id,
        Listener = connection.Listener,
        State = SettingsValueTypes.NameOf(connection.State),
        Remote = connection.Remote.ToString(),
        Proxy = connection.Proxy?.ToString(),
        Ja4 = connection.Ja4,
        AgeSeconds = Math.Round(connection.Age.TotalSeconds, 3),
        IdleSeconds = Math.Round(connection.Idle.TotalSeconds, 3),
        ServerName = connection.ServerName,
        ApplicationProtocol = connection.ApplicationProtocol,
        TlsVersion = connection.TlsVersion is null or SslProtocols.None ? null : TlsNames.Version(connection.TlsVersion.Value),
        CipherSuite = connection.CipherSuite?.ToString(),
        Resumed = connection.Resumed,
        ClientCertificate = connection.ClientCertificate,
        Principal = connection.Principal,
        Route = connection.Route,
        Upstream = connection.Upstream,
        Requests = connection.Requests,
        RequestsInFlight = connection.RequestsInFlight,
        BytesRead = connection.BytesRead,
        BytesWritten = connection.BytesWritten,
    };
}
