using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Actors443.Engine.Quic;

/// <summary>What is told to clients of other versions of HTTP about HTTP/3 (<c>Alt-Svc</c>, RFC 7838). Thread-safe.</summary>
internal sealed class Http3Offer
{
    private volatile StringValuesBox? _altSvc;

    /// <summary>False: there is none.</summary>
    public bool TryGet(out StringValues altSvc)
    {
        StringValuesBox? box = _altSvc;
        altSvc = box?.Value ?? default;
        return box is not null;
    }

    /// <summary>HTTP/3 answers on this UDP port. Clients keep that for a day, which need not be said (RFC 7838 3.1).</summary>
    public void Publish(int port) => _altSvc = new StringValuesBox(string.Create(CultureInfo.InvariantCulture, $"h3=\":{port}\""));

    /// <summary>It does no more: clients forget it (RFC 7838 3).</summary>
    public void Withdraw() => _altSvc = _altSvc is null ? null : new StringValuesBox("clear");

    private sealed record StringValuesBox(StringValues Value);
}
