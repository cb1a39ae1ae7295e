using System.Buffers;
using System.Text.Json;
using Actors443.Dns.Wire;

namespace Actors443.Dns.Http;

/// <summary>Answers as JSON, in the form that Google and Cloudflare have made common: <c>application/dns-json</c>.</summary>
internal static class DnsJson
{
    public const string MediaType = "application/dns-json";

    /// <summary>A query by its parts; null: they are not good, with what is wrong.</summary>
    /// <param name="name">As people write it.</param>
    /// <param name="type">A name or a number; null: A.</param>
    /// <param name="dnssecOk">Signatures are wanted.</param>
    /// <param name="checkingDisabled">As they are, validated or not.</param>
    /// <param name="problem">What is wrong.</param>
    public static byte[]? Query(string name, string? type, bool dnssecOk, bool checkingDisabled, out string problem)
    {
        problem = "";
        if (type is null || !TryReadType(type, out DnsType read))
        {
            read = DnsType.A;
            if (type is not null)
            {
                problem = "The parameter type is no type of record; write A, AAAA, … or a number from 1 to 65535.";
                return null;
            }
        }

        try
        {
            byte[] wire = DnsName.Parse(name);
            var query = new DnsWriter();
            query.Header(0, (ushort)(0x0120 | (checkingDisabled ? 0x10 : 0)), 1, 0, 0, 1);
            query.Bytes(wire);
            query.UInt16((ushort)read);
            query.UInt16((ushort)DnsClass.In);
            query.Bytes([0, 0, (byte)DnsType.Opt, 4, 208, 0, 0, (byte)(dnssecOk ? 0x80 : 0), 0, 0, 0]);
            return query.Written.ToArray();
        }
        catch (DnsNameException)
        {
            problem = "The parameter name is no domain name.";
            return null;
        }
    }

    /// <summary>Writes an answer.</summary>
    public static void Write(IBufferWriter<byte> output, byte[] answer)
    {
        DnsMessage message = DnsMessage.TryRead(answer) ?? throw new InvalidOperationException("What the resolver answers is no message.");
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        DnsRecord? opt = message.Additionals.FirstOrDefault(record => record.Type == DnsType.Opt);
        int extended = opt is null ? 0 : answer[opt.DataOffset - 6] << 4;
        json.WriteNumber("Status", extended | (answer[3] & DnsHeader.ResponseCodeMask));
        json.WriteBoolean("TC", message.IsTruncated);
        json.WriteBoolean("RD", (answer[2] & DnsHeader.RecursionDesired) != 0);
        json.WriteBoolean("RA", (answer[3] & DnsHeader.RecursionAvailable) != 0);
        json.WriteBoolean("AD", (answer[3] & DnsHeader.AuthenticData) != 0);
        json.WriteBoolean("CD", (answer[3] & DnsHeader.CheckingDisabled) != 0);
        WriteQuestion(json, answer);
        WriteRecords(json, "Answer", message, message.Answers);
        WriteRecords(json, "Authority", message, message.Authorities);
        WriteRecords(json, "Additional", message, [.. message.Additionals.Where(record => record.Type != DnsType.Opt)]);
        json.WriteEndObject();
    }

    private static void WriteQuestion(Utf8JsonWriter json, byte[] answer)
    {
        json.WriteStartArray("Question");
        var reader = new DnsReader(answer);
        Span<byte> name = stackalloc byte[DnsReader.LongestName];
        if (DnsHeader.Questions(answer) == 1 && reader.TryReadName(name, out int length))
        {
            json.WriteStartObject();
            json.WriteString("name", DnsName.ToText(name[..length]));
            json.WriteNumber("type", answer[reader.Position] << 8 | answer[reader.Position + 1]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteRecords(Utf8JsonWriter json, string section, DnsMessage message, IReadOnlyList<DnsRecord> records)
    {
        if (records.Count == 0)
            return;
        json.WriteStartArray(section);
        foreach (DnsRecord record in records)
        {
            json.WriteStartObject();
            json.WriteString("name", DnsRecordText.NameAt(message, record.Offset));
            json.WriteNumber("type", (ushort)record.Type);
            json.WriteNumber("TTL", (uint)(message.UInt16(record.DataOffset - 6) << 16 | message.UInt16(record.DataOffset - 4)));
            json.WriteString("data", DnsRecordText.Of(message, record));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static bool TryReadType(string written, out DnsType type)
    {
        if (ushort.TryParse(written, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out ushort number))
        {
            type = (DnsType)number;
            return number != 0;
        }

        return Enum.TryParse(written, ignoreCase: true, out type) && type != DnsType.None && Enum.IsDefined(type);
    }
}
