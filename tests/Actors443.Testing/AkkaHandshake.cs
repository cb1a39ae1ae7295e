using Actors443.Remoting.Frames;
using Google.Protobuf;

namespace Actors443.Testing;

/// <summary>Akka's first message of an association (AkkaProtocolMessage of its WireFormats), as anybody may write it.</summary>
internal static class AkkaHandshake
{
    /// <summary>In a frame of our transport.</summary>
    public static byte[] Frame(string protocol, string system, string host, uint port) => Framed(Message(protocol, system, host, port));

    /// <summary>The message alone.</summary>
    public static byte[] Message(string protocol, string system, string host, uint port)
    {
        byte[] address = Write(output =>
        {
            Text(output, 1, system);
            Text(output, 2, host);
            output.WriteTag(3, WireFormat.WireType.Varint);
            output.WriteUInt32(port);
            Text(output, 4, protocol);
        });
        byte[] info = Write(output =>
        {
            Bytes(output, 1, address);
            output.WriteTag(2, WireFormat.WireType.Fixed64);
            output.WriteFixed64(42);
        });
        byte[] instruction = Write(output =>
        {
            output.WriteTag(1, WireFormat.WireType.Varint);
            output.WriteInt32(1);
            Bytes(output, 2, info);
        });
        return Write(output => Bytes(output, 2, instruction));
    }

    /// <summary>A message in a frame.</summary>
    public static byte[] Framed(byte[] message)
    {
        byte[] frame = new byte[Remoting.Frames.Frame.HeaderLength + message.Length];
        FrameReader.WriteHeader(frame, message.Length, isControl: false);
        message.CopyTo(frame, Remoting.Frames.Frame.HeaderLength);
        return frame;
    }

    private static byte[] Write(Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
            write(output);
        return bytes.ToArray();
    }

    private static void Text(CodedOutputStream output, int field, string text)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(text);
    }

    private static void Bytes(CodedOutputStream output, int field, byte[] bytes)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(bytes));
    }
}
