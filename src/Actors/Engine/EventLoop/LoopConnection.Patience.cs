using System.Security.Authentication;
using Actors443.Connections;
using Actors443.Engine.Http2;

namespace Actors443.Engine.EventLoop;

/// <summary>What a client may make TLS do without asking for anything.</summary>
internal sealed unsafe partial class LoopConnection
{
    /// <summary>Bytes received in a row without a byte for HTTP. An unfinished record is half of it; the rest is some 600 key updates.</summary>
    private const int SilentAtMost = 32 * 1024;

    /// <summary>Bytes that TLS answered by itself in the life of a connection: some 150 key updates (RFC 8446 4.6.3). Clients change keys after gigabytes.</summary>
    private const int AnsweredAtMost = 4 * 1024;

    private int _silentBytes;
    private int _answeredBytes;

    private string Other => _dial is null ? "client" : "server";

    /// <param name="silent">Bytes received without a byte for HTTP among them.</param>
    /// <param name="answered">Bytes that TLS wants to send though nobody wrote.</param>
    private void CheckPatience(int silent, int answered)
    {
        _silentBytes += silent;
        _answeredBytes += answered;
        if (answered > 0 && TlsVersion == SslProtocols.Tls12 && !_tlsEnded)
            // With TLS 1.2 only this is answered: by the alert no_renegotiation, which leaves the session open for the next try.
            EndTls($"the {Other} asks for renegotiation");
        else if (_answeredBytes > AnsweredAtMost || _silentBytes > SilentAtMost)
            EndTls($"the {Other} sends key updates without end");
    }

    private void EndFlood(string what)
    {
        SetReason(CloseReason.FrameFlood, what);
        _entry.Tls.Admission.Flooded(Remote.Address);
        _tlsEnded = true;
        _input.End(CalmDown.Because(what));
    }

    /// <summary>Nothing more is read; what was asked before is answered, and then the connection ends in order.</summary>
    private void EndTls(string why)
    {
        SetReason(CloseReason.ProtocolError, $"TLS: {why}");
        _tlsEnded = true;
    }
}
