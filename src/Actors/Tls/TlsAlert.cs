namespace Actors443.Tls;

/// <summary>Fatal alerts that we send ourselves, before any TLS library has seen the connection (RFC 8446 6).</summary>
internal enum TlsAlert : byte
{
    UnexpectedMessage = 10,
    RecordOverflow = 22,
    HandshakeFailure = 40,
    AccessDenied = 49,
    DecodeError = 50,
    ProtocolVersion = 70,
    InternalError = 80,
    UnrecognizedName = 112,
    NoApplicationProtocol = 120,
}

internal static class TlsAlertRecord
{
    public const int Length = 7;

    /// <summary>The alert as a plaintext record of legacy version 3.3, as any client understands at this point.</summary>
    public static void Write(TlsAlert alert, Span<byte> destination)
    {
        ReadOnlySpan<byte> record = [21, 3, 3, 0, 2, 2, (byte)alert];
        record.CopyTo(destination);
    }
}
