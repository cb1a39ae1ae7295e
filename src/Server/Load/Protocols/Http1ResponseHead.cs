using System.Buffers.Text;
using System.Text;

namespace Actors443.Server.Load.Protocols;

/// <summary>What a client must know of the head of an HTTP/1.1 response (RFC 9112).</summary>
internal readonly record struct Http1ResponseHead(int Status, long ContentLength, bool Chunked, bool Close)
{
    /// <summary>No Content-Length was given.</summary>
    public const long NoLength = -1;

    /// <param name="head">From the status line to the empty line, both included.</param>
    public static bool TryRead(ReadOnlySpan<byte> head, out Http1ResponseHead result)
    {
        result = default;
        if (head.Length < 12 || !head.StartsWith("HTTP/1."u8) || !Utf8Parser.TryParse(head[9..12], out int status, out int digits) || digits != 3)
            return false;
        long length = NoLength;
        bool chunked = false;
        bool close = head[7] == '0';
        ReadOnlySpan<byte> rest = head[(head.IndexOf((byte)'\n') + 1)..];
        while (rest.IndexOf((byte)'\n') is > 1 and int end)
        {
            ReadOnlySpan<byte> line = rest[..end];
            rest = rest[(end + 1)..];
            // Only lines that begin like the three that matter are looked at.
            switch (line[0] | 0x20)
            {
                case 'c' when Value(line, "content-length"u8) is { IsEmpty: false } value:
                    if (!Utf8Parser.TryParse(value, out length, out int used) || used != value.Length || length < 0)
                        return false;
                    break;
                case 'c' when Value(line, "connection"u8) is { IsEmpty: false } value:
                    close |= Ascii.EqualsIgnoreCase(value, "close"u8);
                    break;
                case 't' when Value(line, "transfer-encoding"u8) is { IsEmpty: false } value:
                    chunked = Ascii.EqualsIgnoreCase(value, "chunked"u8);
                    break;
            }
        }

        result = new Http1ResponseHead(status, length, chunked, close);
        return true;
    }

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name) =>
        line.Length > name.Length && line[name.Length] == ':' && Ascii.EqualsIgnoreCase(line[..name.Length], name) ? line[(name.Length + 1)..].Trim(" \t\r"u8) : default;
}
