using System.Net;
using Actors443.Engine;

namespace Actors443.Tls.Deciding;

/// <summary>What is known of a connection when its ClientHello has been read. Immutable; may be kept.</summary>
public readonly struct HandshakeHello
{
    private readonly ClientHello _hello;
    private readonly EngineConnection _connection;

    internal HandshakeHello(ClientHello hello, EngineConnection connection)
    {
        _hello = hello;
        _connection = connection;
    }

    /// <summary>The connection's id, as in logs and <c>actors443 conns</c>.</summary>
    public string ConnectionId => _connection.Id;

    /// <summary>The client's address.</summary>
    public IPEndPoint Remote => _connection.Remote;

    /// <summary>The address it came to.</summary>
    public IPEndPoint Local => _connection.Local;

    /// <summary>The server name asked for (SNI, RFC 6066 3) in lower case, without a dot at its end; null: none.</summary>
    public string? ServerName => _hello.ServerName;

    /// <summary>The application protocols offered (ALPN, RFC 7301); null: the client did not say.</summary>
    public IReadOnlyList<string>? ApplicationProtocols => _hello.ApplicationProtocols;

    /// <summary>JA4 fingerprint: which program speaks, for example <c>t13d1516h2_8daaf6152771_e5627efa2ab1</c>. Made at the first call, some microseconds.</summary>
    public string Ja4 => _hello.Ja4!.ToString();

    /// <summary>Whether TLS 1.3 is offered.</summary>
    public bool OffersTls13 => _hello.OffersTls13;

    /// <summary>Whether a session to resume is offered; the client's claim, not proven yet.</summary>
    public bool OffersResumption => _hello.OffersResumption;
}
