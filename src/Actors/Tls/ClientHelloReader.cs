using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Actors443.Certificates;

namespace Actors443.Tls;

/// <summary>How far reading a ClientHello got.</summary>
internal enum ClientHelloStatus
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>Read.</summary>
    Complete,

    /// <summary>Plain HTTP.</summary>
    PlainHttp,

    /// <summary>Neither TLS nor HTTP.</summary>
    NotTls,

    /// <summary>TLS, but no ClientHello that can be read.</summary>
    Malformed,

    /// <summary>TLS, but something else than a ClientHello.</summary>
    UnexpectedMessage,

    /// <summary>A record longer than any may be (RFC 8446 5.1).</summary>
    RecordOverflow,
}

internal static class ClientHelloStatusAlerts
{
    /// <summary>What a client is told whose ClientHello cannot be read.</summary>
    public static TlsAlert ToAlert(this ClientHelloStatus status) => status switch
    {
        ClientHelloStatus.UnexpectedMessage => TlsAlert.UnexpectedMessage,
        ClientHelloStatus.RecordOverflow => TlsAlert.RecordOverflow,
        _ => TlsAlert.DecodeError,
    };
}

/// <summary>Reads a ClientHello without consuming it: the TLS library reads the same bytes again. Tolerates any split over records and segments.</summary>
internal static class ClientHelloReader
{
    /// <summary>Larger ones are refused; real ones with post-quantum shares stay below 4 KiB.</summary>
    public const int MaximumLength = 32 * 1024;

    // change_cipher_spec, alert, handshake, application_data (RFC 8446 5.1).
    private const byte FirstContentType = 20;
    private const byte HandshakeRecord = 22;
    private const byte LastContentType = 23;
    private const byte ClientHelloMessage = 1;
    private const int RecordHeaderLength = 5;
    private const int MaximumRecordLength = 16 * 1024;

    public static ClientHelloStatus TryRead(in ReadOnlySequence<byte> input, out ClientHello? hello)
    {
        hello = null;
        if (!new SequenceReader<byte>(input).TryPeek(out byte first))
            return ClientHelloStatus.Incomplete;
        if (first is >= FirstContentType and <= LastContentType and not HandshakeRecord)
            return IsTlsRecord(input) switch { true => ClientHelloStatus.UnexpectedMessage, false => ClientHelloStatus.NotTls, null => ClientHelloStatus.Incomplete };
        if (first != HandshakeRecord)
            return LooksLikeHttp(input) switch { true => ClientHelloStatus.PlainHttp, false => ClientHelloStatus.NotTls, null => ClientHelloStatus.Incomplete };

        byte[] rented = ArrayPool<byte>.Shared.Rent((int)Math.Min(input.Length, MaximumLength + RecordHeaderLength));
        try
        {
            ClientHelloStatus status = GatherMessage(input, rented, out int length);
            if (status != ClientHelloStatus.Complete)
                return status;
            hello = Parse(rented.AsSpan(4, length - 4));
            return hello is null ? ClientHelloStatus.Malformed : ClientHelloStatus.Complete;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Copies the first handshake message, header included, out of the records that carry it.</summary>
    private static ClientHelloStatus GatherMessage(in ReadOnlySequence<byte> input, byte[] message, out int length)
    {
        length = 0;
        var reader = new SequenceReader<byte>(input);
        Span<byte> header = stackalloc byte[RecordHeaderLength];
        while (true)
        {
            if (!reader.TryCopyTo(header))
                return ClientHelloStatus.Incomplete;
            int recordLength = BinaryPrimitives.ReadUInt16BigEndian(header[3..]);
            if (header[1] != 3)
                return ClientHelloStatus.Malformed;
            if (header[0] != HandshakeRecord || recordLength == 0)
                return ClientHelloStatus.UnexpectedMessage;
            if (recordLength > MaximumRecordLength)
                return ClientHelloStatus.RecordOverflow;
            reader.Advance(RecordHeaderLength);
            int available = (int)Math.Min(recordLength, reader.Remaining);
            if (length + available > message.Length || length + available > MaximumLength)
                return ClientHelloStatus.Malformed;
            reader.TryCopyTo(message.AsSpan(length, available));
            reader.Advance(available);
            length += available;
            if (length >= 1 && message[0] != ClientHelloMessage)
                return ClientHelloStatus.UnexpectedMessage;
            if (length >= 4)
            {
                int messageLength = 4 + (message[1] << 16 | message[2] << 8 | message[3]);
                if (messageLength > MaximumLength)
                    return ClientHelloStatus.Malformed;
                if (length >= messageLength)
                {
                    length = messageLength;
                    return ClientHelloStatus.Complete;
                }
            }

            if (available < recordLength)
                return ClientHelloStatus.Incomplete;
        }
    }

    private static ClientHello? Parse(ReadOnlySpan<byte> body)
    {
        var reader = new TlsReader(body);
        if (!reader.TryReadUInt16(out int legacyVersion) || !reader.TrySkip(32) || !reader.TryReadVector8(out ReadOnlySpan<byte> sessionId)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> suites) || suites.Length % 2 != 0 || suites.IsEmpty
            || !reader.TryReadVector8(out ReadOnlySpan<byte> compressions) || compressions.IsEmpty)
        {
            return null;
        }

        var hello = new Extensions { LegacyVersion = legacyVersion };
        ReadOnlySpan<byte> extensions = [];
        if (!reader.IsEmpty)
        {
            if (!reader.TryReadVector16(out extensions) || !reader.IsEmpty || !hello.TryRead(extensions))
                return null;
        }

        // TLS 1.2 resumes by session id as well; TLS 1.3 clients send a made-up one for middleboxes.
        bool resumesById = !sessionId.IsEmpty && !hello.Tls13;
        return new ClientHello
        {
            ServerName = hello.ServerName,
            OffersTls13 = hello.Tls13,
            OffersTls12 = hello.Tls12,
            Tls12AeadKeyKinds = TlsPolicy.AeadKeyKinds(suites),
            SignatureKeyKinds = hello.SignatureKinds ?? CertificateKeyKinds.Any,
            ApplicationProtocols = hello.ApplicationProtocols,
            OffersResumption = hello.Resumption || resumesById,
            Ja4 = Ja4.Of(legacyVersion, suites, extensions),
        };
    }

    /// <summary>Whether the version is one of TLS; null: it is still to come.</summary>
    private static bool? IsTlsRecord(in ReadOnlySequence<byte> input) => new SequenceReader<byte>(input).TryPeek(1, out byte major) ? major == 3 : null;

    /// <summary>True or false once it is sure, null while the bytes could still become either.</summary>
    private static bool? LooksLikeHttp(in ReadOnlySequence<byte> input)
    {
        Span<byte> start = stackalloc byte[8];
        int length = (int)Math.Min(input.Length, start.Length);
        input.Slice(0, length).CopyTo(start);
        ReadOnlySpan<byte> seen = start[..length];
        bool possible = false;
        foreach (byte[] method in HttpMethods)
        {
            int common = Math.Min(method.Length, seen.Length);
            if (!seen[..common].SequenceEqual(method.AsSpan(0, common)))
                continue;
            if (common == method.Length)
                return true;
            possible = true;
        }

        return possible ? null : false;
    }

    private static readonly byte[][] HttpMethods =
    [
        "GET "u8.ToArray(), "HEAD "u8.ToArray(), "POST "u8.ToArray(), "PUT "u8.ToArray(), "DELETE "u8.ToArray(), "OPTIONS "u8.ToArray(),
        "PATCH "u8.ToArray(), "CONNECT "u8.ToArray(), "TRACE "u8.ToArray(), "PRI * "u8.ToArray(),
    ];

    private ref struct Extensions
    {
        public int LegacyVersion;
        public string? ServerName;
        public bool Tls13;
        public bool Resumption;
        public CertificateKeyKinds? SignatureKinds;
        public List<string>? ApplicationProtocols;
        private bool _versionsSent;
        private bool _tls12Listed;

        public readonly bool Tls12 => _versionsSent ? _tls12Listed : LegacyVersion >= 0x0303;

        public bool TryRead(ReadOnlySpan<byte> extensions)
        {
            var reader = new TlsReader(extensions);
            while (!reader.IsEmpty)
            {
                if (!reader.TryReadUInt16(out int type) || !reader.TryReadVector16(out ReadOnlySpan<byte> data))
                    return false;
                bool good = type switch
                {
                    0 => TryReadServerName(data),
                    13 => TryReadSignatureAlgorithms(data),
                    16 => TryReadApplicationProtocols(data),
                    35 => Note(ref Resumption, !data.IsEmpty || Resumption),
                    41 => Note(ref Resumption, true),
                    43 => TryReadVersions(data),
                    _ => true,
                };
                if (!good)
                    return false;
            }

            return true;
        }

        private static bool Note(ref bool flag, bool value)
        {
            flag = value;
            return true;
        }

        private bool TryReadServerName(ReadOnlySpan<byte> data)
        {
            var reader = new TlsReader(data);
            if (!reader.TryReadVector16(out ReadOnlySpan<byte> list) || !reader.IsEmpty)
                return false;
            var names = new TlsReader(list);
            while (!names.IsEmpty)
            {
                if (!names.TryReadUInt8(out int nameType) || !names.TryReadVector16(out ReadOnlySpan<byte> name))
                    return false;
                if (nameType != 0)
                    continue;
                if (ServerName is not null || name.IsEmpty || name.Length > 255 || name.ContainsAnyExceptInRange((byte)0x21, (byte)0x7e))
                    return false;
                ServerName = Encoding.ASCII.GetString(name).ToLowerInvariant().TrimEnd('.');
            }

            return true;
        }

        private bool TryReadVersions(ReadOnlySpan<byte> data)
        {
            var reader = new TlsReader(data);
            if (!reader.TryReadVector8(out ReadOnlySpan<byte> versions) || versions.IsEmpty || versions.Length % 2 != 0)
                return false;
            _versionsSent = true;
            for (int i = 0; i < versions.Length; i += 2)
            {
                int version = BinaryPrimitives.ReadUInt16BigEndian(versions[i..]);
                Tls13 |= version == 0x0304;
                _tls12Listed |= version == 0x0303;
            }

            return true;
        }

        private bool TryReadSignatureAlgorithms(ReadOnlySpan<byte> data)
        {
            var reader = new TlsReader(data);
            if (!reader.TryReadVector16(out ReadOnlySpan<byte> algorithms) || algorithms.Length % 2 != 0)
                return false;
            CertificateKeyKinds kinds = CertificateKeyKinds.None;
            for (int i = 0; i < algorithms.Length; i += 2)
            {
                // rsa_pkcs1_*, rsa_pss_rsae_* (RFC 8446 4.2.3); ecdsa_* end in 3 below 0x0800.
                int algorithm = BinaryPrimitives.ReadUInt16BigEndian(algorithms[i..]);
                if (algorithm is >= 0x0804 and <= 0x0806 || (algorithm < 0x0800 && (algorithm & 0xff) == 1))
                    kinds |= CertificateKeyKinds.Rsa;
                else if (algorithm < 0x0800 && (algorithm & 0xff) == 3)
                    kinds |= CertificateKeyKinds.Ecdsa;
            }

            SignatureKinds = kinds;
            return true;
        }

        private bool TryReadApplicationProtocols(ReadOnlySpan<byte> data)
        {
            var reader = new TlsReader(data);
            if (!reader.TryReadVector16(out ReadOnlySpan<byte> list) || !reader.IsEmpty)
                return false;
            ApplicationProtocols = [];
            var names = new TlsReader(list);
            while (!names.IsEmpty)
            {
                if (!names.TryReadVector8(out ReadOnlySpan<byte> name) || name.IsEmpty)
                    return false;
                ApplicationProtocols.Add(WellKnown(name));
            }

            return true;
        }

        private static string WellKnown(ReadOnlySpan<byte> name) =>
            name.SequenceEqual("h2"u8) ? "h2" : name.SequenceEqual("http/1.1"u8) ? "http/1.1" : Encoding.Latin1.GetString(name);
    }
}
