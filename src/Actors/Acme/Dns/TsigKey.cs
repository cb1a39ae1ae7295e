using System.Buffers.Binary;
using System.Security.Cryptography;
using Actors443.Dns.Wire;

namespace Actors443.Acme.Dns;

/// <summary>A shared key that signs DNS messages (TSIG, RFC 8945) with HMAC-SHA256. Immutable.</summary>
internal sealed class TsigKey
{
    private const string Algorithm = "hmac-sha256";
    private const int FudgeSeconds = 300;

    private readonly byte[] _secret;

    /// <param name="name">As the server knows the key.</param>
    /// <param name="secret">Base64, as <c>tsig-keygen</c> and <c>keymgr -t</c> write it.</param>
    /// <exception cref="DnsChallengeException">The secret is not base64.</exception>
    public TsigKey(string name, string secret)
    {
        Name = name.TrimEnd('.').ToLowerInvariant();
        try
        {
            _secret = Convert.FromBase64String(secret.Trim());
        }
        catch (FormatException cause)
        {
            throw new DnsChallengeException($"The secret of the TSIG key {name} is not base64; copy it again from the DNS server.", cause);
        }
    }

    public string Name { get; }

    /// <summary>The message with its signature at the end.</summary>
    /// <param name="message">Whole, with no signature yet.</param>
    /// <param name="now">The server must agree on it to five minutes.</param>
    public SignedDnsMessage Sign(ReadOnlySpan<byte> message, DateTimeOffset now) => Sign([], message, now);

    /// <summary>An answer, signed as a server does.</summary>
    public byte[] SignAnswer(SignedDnsMessage request, ReadOnlySpan<byte> answer, DateTimeOffset now) => Sign(request.Mac, answer, now).Message;

    private SignedDnsMessage Sign(ReadOnlySpan<byte> requestMac, ReadOnlySpan<byte> message, DateTimeOffset now)
    {
        ulong time = (ulong)now.ToUnixTimeSeconds();
        byte[] mac = Mac(requestMac, message, Variables(time, FudgeSeconds, 0, []));
        var data = new DnsWriter();
        data.Name(Algorithm);
        WriteTime(data, time);
        data.UInt16(FudgeSeconds);
        data.UInt16((ushort)mac.Length);
        data.Bytes(mac);
        data.Bytes(message[..2]);
        data.UInt16(0);
        data.UInt16(0);
        var signed = new DnsWriter();
        signed.Bytes(message);
        signed.Record(Name, DnsType.Tsig, DnsClass.Any, 0, data.Written);
        byte[] bytes = signed.Written.ToArray();
        AddToAdditionalCount(bytes, 1);
        return new SignedDnsMessage(bytes, mac);
    }

    /// <summary>Null: the answer is signed with this key, in answer to that request; else what is wrong.</summary>
    public string? Examine(DnsMessage answer, SignedDnsMessage request, DateTimeOffset now)
    {
        if (answer.Additionals is not [.., { Type: DnsType.Tsig } signature])
            return "it is not signed";
        int at = signature.DataOffset;
        string algorithm = answer.ReadName(ref at);
        ulong time = ((ulong)answer.UInt16(at) << 32) | BinaryPrimitives.ReadUInt32BigEndian(answer.Bytes.Span[(at + 2)..]);
        ushort fudge = answer.UInt16(at + 6);
        int length = answer.UInt16(at + 8);
        ReadOnlySpan<byte> mac = answer.Bytes.Span.Slice(at + 10, length);
        at += 10 + length;
        ushort error = answer.UInt16(at + 2);
        ReadOnlySpan<byte> other = answer.Bytes.Span.Slice(at + 6, answer.UInt16(at + 4));
        // RFC 8945 5.3.2: where the key or the signature was refused the answer is not signed.
        if (error is 16 or 17)
            return error == 16 ? "the signature was refused (BADSIG); check the secret" : $"the key {Name} is not known there (BADKEY); check its name";
        if (algorithm != Algorithm || signature.Name != Name)
            return "it is signed with another key";
        byte[] unsigned = answer.Bytes.Span[..signature.Offset].ToArray();
        AddToAdditionalCount(unsigned, -1);
        request.Message.AsSpan(0, 2).CopyTo(unsigned);
        byte[] expected = Mac(request.Mac, unsigned, Variables(time, fudge, error, other));
        if (!CryptographicOperations.FixedTimeEquals(mac, expected))
            return "its signature does not hold";
        if (error == 18)
            return "the clocks of server and this machine differ (BADTIME); set them";
        return Math.Abs(now.ToUnixTimeSeconds() - (long)time) > fudge ? "its signature is out of time; set the clocks" : null;
    }

    // RFC 8945 4.3.
    private byte[] Mac(ReadOnlySpan<byte> requestMac, ReadOnlySpan<byte> message, ReadOnlySpan<byte> variables)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret);
        if (requestMac.Length > 0)
        {
            Span<byte> length = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)requestMac.Length);
            hmac.AppendData(length);
            hmac.AppendData(requestMac);
        }

        hmac.AppendData(message);
        hmac.AppendData(variables);
        return hmac.GetHashAndReset();
    }

    private byte[] Variables(ulong time, ushort fudge, ushort error, ReadOnlySpan<byte> other)
    {
        var variables = new DnsWriter();
        variables.Name(Name);
        variables.UInt16((ushort)DnsClass.Any);
        variables.UInt32(0);
        variables.Name(Algorithm);
        WriteTime(variables, time);
        variables.UInt16(fudge);
        variables.UInt16(error);
        variables.UInt16((ushort)other.Length);
        variables.Bytes(other);
        return variables.Written.ToArray();
    }

    private static void WriteTime(DnsWriter writer, ulong seconds)
    {
        writer.UInt16((ushort)(seconds >> 32));
        writer.UInt32((uint)seconds);
    }

    private static void AddToAdditionalCount(byte[] message, int number)
    {
        Span<byte> count = message.AsSpan(10, 2);
        BinaryPrimitives.WriteUInt16BigEndian(count, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(count) + number));
    }
}

/// <summary>A message with its signature, which the signature of the answer covers.</summary>
/// <param name="Message">To be sent.</param>
/// <param name="Mac">Of it.</param>
internal sealed record SignedDnsMessage(byte[] Message, byte[] Mac);
