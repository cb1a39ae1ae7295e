using System.Text.Json;
using Actors443.Certificates;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Server.Telemetry;
using Actors443.Supervision;

namespace Actors443.Server.Sites.Welcome;

/// <summary>Takes the status from what is published anyway: counters and snapshots; no actor is asked. Thread-safe.</summary>
internal sealed class WelcomeStatusSource(ServerEnvironment environment)
{
    /// <param name="connection">The one the question came on.</param>
    /// <param name="protocol">As ASP.NET Core names it: <c>HTTP/2</c>.</param>
    /// <param name="includeServer">False: only what concerns the client's own connection.</param>
    public WelcomeStatus Take(EngineConnection? connection, string protocol, bool includeServer) =>
        new(ServerVersion.Product, connection is null ? null : Of(connection, protocol), includeServer ? Server() : null);

    private static ConnectionStatus Of(EngineConnection connection, string protocol)
    {
        ConnectionSnapshot snapshot = connection.Snapshot();
        return new ConnectionStatus
        {
            Id = snapshot.Id,
            Actor = connection.Actor.Path.ToStringWithoutAddress(),
            State = Name(snapshot.State),
            Protocol = protocol,
            TlsVersion = snapshot.TlsVersion is { } version ? Tls.TlsNames.Version(version) : null,
            CipherSuite = snapshot.CipherSuite?.ToString(),
            Resumed = snapshot.Resumed,
            ServerName = snapshot.ServerName,
            Remote = snapshot.Remote.ToString(),
            AgeSeconds = snapshot.Age.TotalSeconds,
            Requests = snapshot.Requests,
            BytesRead = snapshot.BytesRead,
            BytesWritten = snapshot.BytesWritten,
            Events = [.. connection.Events.Select(entry => new ConnectionEvent(Name(entry.Kind), entry.SinceAcceptMs))],
        };
    }

    private ServerStatus Server()
    {
        CertificateIndex certificates = environment.Certificates.Current;
        DateTimeOffset now = environment.Time.GetUtcNow();
        return new ServerStatus
        {
            Phase = Name(environment.Lifecycle.Phase),
            Mode = environment.Gate.Mode,
            Engine = environment.Engine.Name,
            UptimeSeconds = (now - environment.Lifecycle.StartedAt).TotalSeconds,
            Connections = environment.Gate.Connections,
            MaximumConnections = environment.Gate.Settings.MaximumConnections,
            Handshakes = environment.Gate.Handshakes,
            ClientsTracked = environment.Gate.TrackedClients,
            Bans = environment.Gate.Bans,
            MemoryBytes = Environment.WorkingSet,
            CertificateGeneration = certificates.Generation,
            Certificates = [.. certificates.Certificates.Select(certificate => Of(CertificateInfo.Of(certificate), now))],
        };
    }

    private static CertificateStatus Of(CertificateInfo certificate, DateTimeOffset now) =>
        new(certificate.Names, certificate.Issuer, certificate.Key, certificate.Source, certificate.NotAfter, (int)Math.Floor((certificate.NotAfter - now).TotalDays));

    private static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
