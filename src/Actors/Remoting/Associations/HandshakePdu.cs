using Google.Protobuf;

namespace Actors443.Remoting.Associations;

/// <summary>
/// The first message of whoever connects: it says, to Akka, where it comes from. It must say the same as was said to us, which its certificate has proved. Reads Akka's WireFormats
/// (AkkaProtocolMessage) that far and no further.
/// </summary>
internal static class HandshakePdu
{
    private const int Instruction = 2;
    private const int HandshakeInfo = 2;
    private const int Origin = 1;
    private const int System = 1;
    private const int Hostname = 2;
    private const int Port = 3;
    private const int Protocol = 4;

    /// <param name="message">The first.</param>
    /// <param name="proved">Who has sent it.</param>
    /// <param name="scheme">Of the address that it must say.</param>
    /// <exception cref="InvalidDataException">It says something else, or nothing.</exception>
    public static void Check(ReadOnlyMemory<byte> message, PeerAddress proved, string scheme)
    {
        PeerAddress? origin;
        try
        {
            origin = Field(message, Instruction) is { } instruction && Field(instruction, HandshakeInfo) is { } info && Field(info, Origin) is { } address ? Address(address, scheme) : null;
        }
        catch (InvalidProtocolBufferException cause)
        {
            throw new InvalidDataException($"the first message is none of Akka's ({cause.Message.TrimEnd('.')})", cause);
        }

        if (origin is null)
            throw new InvalidDataException("the first message is not Akka's handshake");
        if (!origin.IsSame(proved))
            throw new InvalidDataException($"it says to Akka that it is {origin}, and has proved to be {proved}");
    }

    private static PeerAddress Address(ReadOnlyMemory<byte> data, string scheme)
    {
        var input = new CodedInputStream(data.ToArray());
        (string system, string host, int port, string protocol) = ("", "", 0, "");
        while (input.ReadTag() is not 0 and var tag)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case System:
                    system = input.ReadString();
                    break;
                case Hostname:
                    host = input.ReadString();
                    break;
                case Port:
                    port = (int)input.ReadUInt32();
                    break;
                case Protocol:
                    protocol = input.ReadString();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return protocol == scheme ? new PeerAddress(system, host, port) : throw new InvalidDataException($"it says to Akka that its address is one of '{protocol}'");
    }

    private static ReadOnlyMemory<byte>? Field(ReadOnlyMemory<byte> message, int number)
    {
        ReadOnlyMemory<byte>? found = null;
        var input = new CodedInputStream(message.ToArray());
        while (input.ReadTag() is not 0 and var tag)
        {
            if (WireFormat.GetTagFieldNumber(tag) != number || WireFormat.GetTagWireType(tag) != WireFormat.WireType.LengthDelimited)
            {
                input.SkipLastField();
                continue;
            }

            // Akka's reader would make one of several, and what it sees would not be what is looked at here.
            if (found is not null)
                throw new InvalidDataException("the first message says twice who it is from");
            found = input.ReadBytes().Memory;
        }

        return found;
    }
}
