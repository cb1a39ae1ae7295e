namespace Actors443.Dns.Upstreams;

/// <summary>A server that is asked. Thread-safe.</summary>
internal interface IDnsUpstream : IDisposable
{
    /// <summary>As the settings write it.</summary>
    string Name { get; }

    /// <summary>Nobody on the way can have changed an answer, that it was validated included.</summary>
    bool IsTrusted { get; }

    /// <summary>Asks once, with whatever that takes.</summary>
    /// <exception cref="DnsUpstreamException">No answer came.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    Task<UpstreamAnswer> ExchangeAsync(UpstreamQuery query, CancellationToken cancellationToken);

    /// <summary>Closes connections that nobody has used for a while.</summary>
    void CloseIdle();
}

/// <summary>What an upstream said, with its question checked.</summary>
/// <param name="Message">Whole; its records are not read yet.</param>
/// <param name="Age">Seconds that caches between had it (RFC 8484 5.1).</param>
internal sealed record UpstreamAnswer(byte[] Message, uint Age = 0);

/// <summary>An upstream gave no answer. The message is one line that says which and why.</summary>
internal sealed class DnsUpstreamException(string message, Exception? cause = null) : Exception(message, cause);
