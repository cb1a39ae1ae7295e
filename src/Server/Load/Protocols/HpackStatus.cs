namespace Actors443.Server.Load.Protocols;

/// <summary>
/// Reads <c>:status</c> out of a response's header block (RFC 7541). It comes before every other field, and we offer no dynamic table, so that nothing
/// else need be read.
/// </summary>
internal static class HpackStatus
{
    private const int FirstStatusEntry = 8;
    private const int LastStatusEntry = 14;

    private static ReadOnlySpan<short> StaticStatus => [200, 204, 206, 304, 400, 404, 500];

    /// <summary>The status; 0 for trailers, which have none; -1 if the block is not what it should be.</summary>
    public static int Read(ReadOnlySpan<byte> block)
    {
        while (!block.IsEmpty)
        {
            byte first = block[0];
            // A new size of the table: ours is 0 already.
            if ((first & 0xE0) == 0x20)
            {
                if (!TryReadNumber(ref block, 5, out _))
                    return -1;
                continue;
            }

            return (first & 0x80) != 0 ? ReadIndexed(block) : ReadLiteral(block, (first & 0x40) != 0 ? 6 : 4);
        }

        return 0;
    }

    private static int ReadIndexed(ReadOnlySpan<byte> block)
    {
        if (!TryReadNumber(ref block, 7, out int index) || index is 0 or > 61)
            return -1;
        return index is >= FirstStatusEntry and <= LastStatusEntry ? StaticStatus[index - FirstStatusEntry] : 0;
    }

    private static int ReadLiteral(ReadOnlySpan<byte> block, int bits)
    {
        if (!TryReadNumber(ref block, bits, out int index) || index > 61)
            return -1;
        bool isStatus = index is >= FirstStatusEntry and <= LastStatusEntry;
        if (index == 0)
        {
            if (!TryReadText(ref block, out ReadOnlySpan<byte> name, out bool coded))
                return -1;
            isStatus = !coded && name.SequenceEqual(":status"u8);
            // A coded name that is the status would be a strange encoder indeed: every table has the name.
            if (!isStatus)
                return 0;
        }

        if (!isStatus)
            return 0;
        if (!TryReadText(ref block, out ReadOnlySpan<byte> value, out bool huffman))
            return -1;
        return huffman ? ReadCodedDigits(value) : ReadDigits(value);
    }

    private static int ReadDigits(ReadOnlySpan<byte> text)
    {
        int status = 0;
        foreach (byte digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9')
                return -1;
            status = status * 10 + digit - '0';
        }

        return text.Length == 3 ? status : -1;
    }

    // Digits in the Huffman code of RFC 7541 appendix B: 0 to 2 have five bits, 3 to 9 six.
    private static int ReadCodedDigits(ReadOnlySpan<byte> text)
    {
        if (text.Length is < 2 or > 3)
            return -1;
        int bits = text.Length * 8;
        int word = 0;
        foreach (byte part in text)
            word = word << 8 | part;
        int status = 0;
        for (int digits = 0; digits < 3; digits++)
        {
            if (bits < 5)
                return -1;
            int five = word >> (bits - 5) & 0x1F;
            if (five <= 2)
            {
                status = status * 10 + five;
                bits -= 5;
                continue;
            }

            if (bits < 6)
                return -1;
            int six = word >> (bits - 6) & 0x3F;
            if (six is < 0x19 or > 0x1F)
                return -1;
            status = status * 10 + 3 + six - 0x19;
            bits -= 6;
        }

        return status;
    }

    private static bool TryReadText(ref ReadOnlySpan<byte> block, out ReadOnlySpan<byte> text, out bool huffman)
    {
        text = default;
        huffman = !block.IsEmpty && (block[0] & 0x80) != 0;
        if (!TryReadNumber(ref block, 7, out int length) || length > block.Length)
            return false;
        text = block[..length];
        block = block[length..];
        return true;
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> block, int bits, out int value)
    {
        value = 0;
        if (block.IsEmpty)
            return false;
        int limit = (1 << bits) - 1;
        value = block[0] & limit;
        block = block[1..];
        if (value < limit)
            return true;
        for (int shift = 0; shift <= 21 && !block.IsEmpty; shift += 7)
        {
            byte part = block[0];
            block = block[1..];
            value += (part & 0x7F) << shift;
            if (part < 0x80)
                return true;
        }

        return false;
    }
}
