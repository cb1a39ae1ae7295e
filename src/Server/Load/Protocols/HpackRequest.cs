using System.Globalization;
using System.Text;

namespace Actors443.Server.Load.Protocols;

/// <summary>
/// The header block of a request (RFC 7541). What all requests of a connection share goes into the dynamic table with the first of them and is
/// one byte a field from then on, as browsers do; where the server has no table, every field is spelled out.
/// </summary>
internal sealed class HpackRequest
{
    // RFC 7541 appendix A.
    private const byte AuthorityName = 1;
    private const byte MethodGet = 2;
    private const byte MethodPost = 3;
    private const byte MethodName = 2;
    private const byte PathRoot = 4;
    private const byte PathName = 4;
    private const byte SchemeHttps = 7;
    private const byte StaticTableLength = 61;

    private readonly byte[] _first;
    private readonly byte[] _next;
    private readonly byte[] _plain;

    public HpackRequest(string method, string path, IReadOnlyList<KeyValuePair<string, string>> headers, string authority, int bodyLength)
    {
        List<KeyValuePair<string, string>> fields = [.. headers.Select(header => KeyValuePair.Create(header.Key.ToLowerInvariant(), header.Value))];
        if (bodyLength > 0)
            fields.Add(new("content-length", bodyLength.ToString(CultureInfo.InvariantCulture)));
        _first = Write(method, path, authority, fields, Fields.Added);
        _next = Write(method, path, authority, fields, Fields.Indexed);
        _plain = Write(method, path, authority, fields, Fields.Literal);
    }

    private enum Fields
    {
        Added,
        Indexed,
        Literal,
    }

    /// <summary>The block for a connection's first request, for its later ones, or for one without a table.</summary>
    public ReadOnlySpan<byte> Block(bool isFirst, bool hasTable) => hasTable ? isFirst ? _first : _next : _plain;

    private static byte[] Write(string method, string path, string authority, List<KeyValuePair<string, string>> fields, Fields how)
    {
        var block = new List<byte>();
        switch (method)
        {
            case "GET":
                block.Add(0x80 | MethodGet);
                break;
            case "POST":
                block.Add(0x80 | MethodPost);
                break;
            default:
                Number(block, 0x00, 4, MethodName);
                Text(block, method);
                break;
        }

        block.Add(0x80 | SchemeHttps);
        if (path == "/")
        {
            block.Add(0x80 | PathRoot);
        }
        else
        {
            Number(block, 0x00, 4, PathName);
            Text(block, path);
        }

        int count = fields.Count + 1;
        if (how == Fields.Indexed)
        {
            // The newest entry has the lowest number: the authority was added first.
            for (int field = 0; field < count; field++)
                Number(block, 0x80, 7, StaticTableLength + count - field);
            return [.. block];
        }

        (byte pattern, int bits) = how == Fields.Added ? ((byte)0x40, 6) : ((byte)0x00, 4);
        Number(block, pattern, bits, AuthorityName);
        Text(block, authority);
        foreach ((string name, string value) in fields)
        {
            Number(block, pattern, bits, 0);
            Text(block, name);
            Text(block, value);
        }

        return [.. block];
    }

    private static void Text(List<byte> block, string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        Number(block, 0x00, 7, bytes.Length);
        block.AddRange(bytes);
    }

    // An integer with a prefix of so many bits (RFC 7541 5.1).
    private static void Number(List<byte> block, byte pattern, int bits, int value)
    {
        int limit = (1 << bits) - 1;
        if (value < limit)
        {
            block.Add((byte)(pattern | value));
            return;
        }

        block.Add((byte)(pattern | limit));
        for (value -= limit; value >= 128; value >>= 7)
            block.Add((byte)(value & 0x7F | 0x80));
        block.Add((byte)value);
    }
}
