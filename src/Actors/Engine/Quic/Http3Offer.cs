using System.Globalization;

namespace Actors443.Engine.Quic;

/// <summary>What is told to clients of other versions of HTTP about HTTP/3. Thread-safe.</summary>
internal sealed class Http3Offer
{
    private volatile string? _altSvc;

    /// <summary>Value of <c>Alt-Svc</c> (RFC 7838); null: there is none.</summary>
    public string? AltSvc => _altSvc;

    /// <summary>HTTP/3 answers on this UDP port. Clients keep that for a day, which need not be said (RFC 7838 3.1).</summary>
    public void Publish(int port) => _altSvc = string.Create(CultureInfo.InvariantCulture, $"h3=\":{port}\"");

    /// <summary>It does no more: clients forget it (RFC 7838 3).</summary>
    public void Withdraw() => _altSvc = _altSvc is null ? null : "clear";
}
