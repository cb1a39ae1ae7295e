using System.Net.Security;
using System.Security.Authentication;
using Actors443.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Engine.Quic;

/// <summary>A connection of HTTP/3: Kestrel's transport and msquic below. It has no bytes to count: neither tells.</summary>
internal sealed class QuicConnection : EngineConnection
{
    private readonly BaseConnectionContext _transport;
    private readonly int _places;

    /// <param name="transport">Of one whose ClientHello has come; after its handshake the same, as a whole.</param>
    /// <param name="listener">Name of its listener.</param>
    /// <param name="places">How many places its actor may live at: any is as near as another.</param>
    /// <param name="clock">Of its deadlines.</param>
    public QuicConnection(BaseConnectionContext transport, string listener, int places, MonotonicClock clock)
        : base(listener, PlainAddress.Of(transport.RemoteEndPoint), PlainAddress.Of(transport.LocalEndPoint), clock)
    {
        _transport = transport;
        _places = places;
    }

    public override int Place => (int)(NumericId % _places);

    /// <summary>Null: the handshake is not over.</summary>
    public MultiplexedConnectionContext? Established { get; private set; }

    public override void RequestClose() => Established?.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();

    public void HandshakeCompleted(MultiplexedConnectionContext established)
    {
        Established = established;
        TlsVersion = SslProtocols.Tls13;
        ApplicationProtocol = SslApplicationProtocol.Http3;
        CipherSuite = established.Features.Get<ITlsHandshakeFeature>()?.NegotiatedCipherSuite;
        ClientCertificate = established.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
        HandshakeCompleted();
    }

    /// <summary>Ends it with a code of HTTP/3 (RFC 9114 8.1).</summary>
    public void Abort(Http3Error error, CloseReason reason, string? detail = null)
    {
        if (_transport.Features.Get<IProtocolErrorCodeFeature>() is { } code)
            code.Error = (long)error;
        Abort(reason, detail);
    }

    protected override void AbortTransport()
    {
        if (Established is { } established)
            established.Abort(new ConnectionAbortedException($"Closed by Actors443: {Reason}."));
    }
}

/// <summary>Error codes of HTTP/3 (RFC 9114 8.1) that end a connection.</summary>
internal enum Http3Error : long
{
    /// <summary>H3_EXCESSIVE_LOAD.</summary>
    ExcessiveLoad = 0x107,
}
