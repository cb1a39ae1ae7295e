using System.Text.Json;
using System.Text.Json.Serialization;
using Actors443.Admission;

namespace Actors443.Server.Sites.Welcome;

/// <summary>What the page and <c>status.json</c> tell. Times are in seconds unless the name says otherwise, sizes in bytes.</summary>
/// <param name="Version">Of the server.</param>
/// <param name="Connection">The connection the question came on; null: it is not owned by an actor.</param>
/// <param name="Server">Null for clients of other machines.</param>
internal sealed record WelcomeStatus(string Version, ConnectionStatus? Connection, ServerStatus? Server)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        WriteIndented = true,
    };

    public static string ToJson(WelcomeStatus status) => JsonSerializer.Serialize(status, Json) + "\n";
}

/// <summary>One connection.</summary>
internal sealed record ConnectionStatus
{
    public required string Id { get; init; }

    /// <summary>Path of the owning actor.</summary>
    public required string Actor { get; init; }

    public required string State { get; init; }

    /// <summary><c>HTTP/1.1</c>, <c>HTTP/2</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary><c>1.2</c> or <c>1.3</c>.</summary>
    public string? TlsVersion { get; init; }

    public string? CipherSuite { get; init; }

    public bool? Resumed { get; init; }

    public string? ServerName { get; init; }

    public required string Remote { get; init; }

    public required double AgeSeconds { get; init; }

    public required long Requests { get; init; }

    public required long BytesRead { get; init; }

    public required long BytesWritten { get; init; }

    /// <summary>What has happened to it so far.</summary>
    public required IReadOnlyList<ConnectionEvent> Events { get; init; }
}

/// <param name="Name">In camel case: <c>handshakeCompleted</c>.</param>
/// <param name="AfterMilliseconds">Since the connection was accepted.</param>
internal sealed record ConnectionEvent(string Name, long AfterMilliseconds);

/// <summary>The server as a whole.</summary>
internal sealed record ServerStatus
{
    public required string Phase { get; init; }

    public required AdmissionMode Mode { get; init; }

    public required string Engine { get; init; }

    public required double UptimeSeconds { get; init; }

    public required int Connections { get; init; }

    public required int MaximumConnections { get; init; }

    public required int Handshakes { get; init; }

    public required int ClientsTracked { get; init; }

    public required long Bans { get; init; }

    public required long MemoryBytes { get; init; }

    public required long CertificateGeneration { get; init; }

    public required IReadOnlyList<CertificateStatus> Certificates { get; init; }
}

/// <param name="Names">DNS names and IP addresses it covers.</param>
/// <param name="Issuer">Who signed it.</param>
/// <param name="Key">Kind and size.</param>
/// <param name="Source">A path, or <c>local CA</c>.</param>
/// <param name="NotAfter">End of validity.</param>
/// <param name="ExpiresInDays">Whole days left; negative: it has expired.</param>
internal sealed record CertificateStatus(IReadOnlyList<string> Names, string Issuer, string Key, string Source, DateTimeOffset NotAfter, int ExpiresInDays);
