using System.Diagnostics.CodeAnalysis;

namespace Actors443.Server.Load.Protocols;

/// <summary>Has requests for connections that have room for them. The loop's thread alone uses it.</summary>
internal interface IRequestSource
{
    /// <summary>The next request, if there is one for this connection now.</summary>
    /// <param name="due">From when its latency counts, in Stopwatch ticks.</param>
    bool TryNext(HttpClientProtocol asker, [NotNullWhen(true)] out RequestTemplate? request, out long due);

    void Answered(HttpClientProtocol asker, int status, long due);
}
