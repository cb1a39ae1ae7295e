using System.Net;

namespace Actors443.Dns;

/// <summary>
/// Answers DNS queries for whoever brings them: DNS over HTTPS, and whatever else carries DNS messages. Decides about access, keeps answers, asks upstreams for the
/// rest. Thread-safe.
/// </summary>
public interface IDnsResolver
{
    /// <summary>Answers one query. What is known here is answered before this returns, without waiting and without garbage.</summary>
    /// <param name="query">A whole message (RFC 1035 4.1), without the length that TCP puts before it. It must stay as it is until the answer is written.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    ValueTask<DnsAnswer> ResolveAsync(ReadOnlyMemory<byte> query, DnsClient client, CancellationToken cancellationToken);
}

/// <summary>Who asks, for access control and accounts.</summary>
/// <param name="Address">Where the query came from.</param>
/// <param name="Account">Whose it is, if whoever brought it has authenticated that; such a client need not be in <c>dns.allow</c>. Null: an address like any other.</param>
public readonly record struct DnsClient(IPAddress Address, string? Account = null);
