using System.Buffers.Binary;
using System.Globalization;
using Actors443.Server.Load.Clients;

namespace Actors443.Server.Load.Protocols;

/// <summary>Frames as RFC 9113 has them.</summary>
internal static class Http2Frames
{
    public const int HeaderLength = 9;
    public const int LargestPayload = 16 * 1024;

    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte ResetStream = 3;
    public const byte Settings = 4;
    public const byte PushPromise = 5;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;

    public const byte EndStream = 0x1;
    public const byte Acknowledge = 0x1;
    public const byte EndHeaders = 0x4;
    public const byte Padded = 0x8;
    public const byte Priority = 0x20;

    public const ushort HeaderTableSize = 1;
    public const ushort EnablePush = 2;
    public const ushort MaximumConcurrentStreams = 3;
    public const ushort InitialWindowSize = 4;

    public const int Cancel = 8;

    /// <summary>What every connection begins with.</summary>
    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>A frame's header and room for its payload.</summary>
    public static Span<byte> Append(OutputBuffer output, int length, byte type, byte flags, int stream)
    {
        Span<byte> frame = output.Append(HeaderLength + length);
        frame[0] = (byte)(length >> 16);
        frame[1] = (byte)(length >> 8);
        frame[2] = (byte)length;
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame[5..], stream);
        return frame[HeaderLength..];
    }

    public static void AppendWindowUpdate(OutputBuffer output, int stream, int increment) =>
        BinaryPrimitives.WriteInt32BigEndian(Append(output, 4, WindowUpdate, 0, stream), increment);

    public static void AppendReset(OutputBuffer output, int stream, int error) =>
        BinaryPrimitives.WriteInt32BigEndian(Append(output, 4, ResetStream, 0, stream), error);

    /// <param name="settings">Identifier and value of each.</param>
    public static void AppendSettings(OutputBuffer output, params ReadOnlySpan<(ushort Identifier, uint Value)> settings)
    {
        Span<byte> payload = Append(output, settings.Length * 6, Settings, 0, 0);
        foreach ((ushort identifier, uint value) in settings)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload, identifier);
            BinaryPrimitives.WriteUInt32BigEndian(payload[2..], value);
            payload = payload[6..];
        }
    }

    /// <summary>The name of an error code (RFC 9113 7).</summary>
    public static string ErrorName(uint code) => code switch
    {
        0 => "NO_ERROR",
        1 => "PROTOCOL_ERROR",
        2 => "INTERNAL_ERROR",
        3 => "FLOW_CONTROL_ERROR",
        4 => "SETTINGS_TIMEOUT",
        5 => "STREAM_CLOSED",
        6 => "FRAME_SIZE_ERROR",
        7 => "REFUSED_STREAM",
        8 => "CANCEL",
        9 => "COMPRESSION_ERROR",
        10 => "CONNECT_ERROR",
        11 => "ENHANCE_YOUR_CALM",
        12 => "INADEQUATE_SECURITY",
        13 => "HTTP_1_1_REQUIRED",
        _ => "code " + code.ToString(CultureInfo.InvariantCulture),
    };
}
