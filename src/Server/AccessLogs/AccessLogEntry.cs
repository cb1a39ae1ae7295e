using System.Net;

namespace Actors443.Server.AccessLogs;

/// <summary>One finished request.</summary>
internal sealed record AccessLogEntry(
    DateTimeOffset Time,
    string? Connection,
    IPAddress? Client,
    string Method,
    string Scheme,
    string Host,
    string Target,
    string Protocol,
    int Status,
    long Bytes,
    double Milliseconds,
    string? ServerName,
    string? TlsVersion,
    bool? TlsResumed,
    string? Upstream,
    string? UserAgent,
    string? Referer,
    string? Trace = null,
    IReadOnlyList<KeyValuePair<string, string>>? Headers = null);
