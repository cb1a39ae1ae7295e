using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Actors443.Remoting.Frames;

/// <summary>What transports say to each other.</summary>
internal enum ControlKind : byte
{
    /// <summary>First, by whoever has connected: version, its address, the address it has come for; and the name of the association that goes on here, if it is none that begins.</summary>
    Hello = 1,

    /// <summary>The answer: version, the address of whoever answers, the name of the association. Messages may follow.</summary>
    Welcome = 2,

    /// <summary>The other answer, or the end of an association that has failed: why. Nothing follows.</summary>
    Refused = 3,

    /// <summary>The association is over, in order: why. Nothing follows.</summary>
    Goodbye = 4,

    /// <summary>Whoever has connected is to connect anew, and go on there: certificates are not what they were.</summary>
    Renew = 5,

    /// <summary>What follows comes by the other connection. The last on this one.</summary>
    Moved = 6,
}

/// <summary>A frame of the transport's own: its kind, then texts, each behind its length in two bytes. Kinds and texts that a version does not know it passes over. Immutable.</summary>
internal sealed record ControlFrame(ControlKind Kind, params IReadOnlyList<string> Texts)
{
    /// <summary>How a refusal ends that means: another listener may lead there.</summary>
    public const string NotHere = "is not reached here";

    private const int LengthLength = 2;

    /// <summary>In characters, of three bytes at most.</summary>
    private const int LongestText = 1000;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The whole frame, its header included.</summary>
    public byte[] Encode()
    {
        byte[][] texts = [.. Texts.Select(Shortened)];
        byte[] frame = new byte[Frame.HeaderLength + 1 + texts.Sum(text => LengthLength + text.Length)];
        FrameReader.WriteHeader(frame, frame.Length - Frame.HeaderLength, isControl: true);
        frame[Frame.HeaderLength] = (byte)Kind;
        Span<byte> rest = frame.AsSpan(Frame.HeaderLength + 1);
        foreach (byte[] text in texts)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)text.Length);
            text.CopyTo(rest[LengthLength..]);
            rest = rest[(LengthLength + text.Length)..];
        }

        return frame;
    }

    /// <summary>Reads the body of a frame.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> body, [NotNullWhen(true)] out ControlFrame? frame)
    {
        frame = null;
        if (body.IsEmpty)
            return false;
        var texts = new List<string>();
        for (ReadOnlySpan<byte> rest = body[1..]; !rest.IsEmpty;)
        {
            if (rest.Length < LengthLength)
                return false;
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (rest.Length - LengthLength < length)
                return false;
            try
            {
                texts.Add(Utf8.GetString(rest.Slice(LengthLength, length)));
            }
            catch (DecoderFallbackException)
            {
                return false;
            }

            rest = rest[(LengthLength + length)..];
        }

        frame = new ControlFrame((ControlKind)body[0], texts);
        return true;
    }

    /// <summary>One of the texts; empty: it has not so many.</summary>
    public string TextAt(int index) => index < Texts.Count ? Texts[index] : "";

    // Whatever a reason quotes, the frame stays within what is taken.
    private static byte[] Shortened(string text) => Encoding.UTF8.GetBytes(text.Length <= LongestText ? text : string.Concat(text.AsSpan(0, LongestText), "…"));
}
