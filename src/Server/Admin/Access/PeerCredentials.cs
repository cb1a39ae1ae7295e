using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;

namespace Actors443.Server.Admin.Access;

/// <summary>Who is at the other end of a Unix socket, as the kernel noted it when it was connected (SO_PEERCRED of unix(7)). Linux.</summary>
/// <param name="ProcessId">Its process.</param>
/// <param name="UserId">The user it ran as.</param>
internal sealed record PeerCredentials(int ProcessId, uint UserId)
{
    private const int SocketLevel = 1;
    private const int PeerCredentialsOption = 17;
    private const string Users = "/etc/passwd";

    /// <exception cref="SocketException">The kernel does not say.</exception>
    public static PeerCredentials Of(Socket socket)
    {
        Span<byte> answer = stackalloc byte[12];
        socket.GetRawSocketOption(SocketLevel, PeerCredentialsOption, answer);
        // The kernel's own byte order, which on every platform of .NET for Linux but s390x is this one.
        return BitConverter.IsLittleEndian
            ? new(BinaryPrimitives.ReadInt32LittleEndian(answer), BinaryPrimitives.ReadUInt32LittleEndian(answer[4..]))
            : new(BinaryPrimitives.ReadInt32BigEndian(answer), BinaryPrimitives.ReadUInt32BigEndian(answer[4..]));
    }

    /// <summary>The user's name, or the number if it has none on this machine.</summary>
    public string UserName()
    {
        string id = UserId.ToString(CultureInfo.InvariantCulture);
        try
        {
            return File.ReadLines(Users).Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 2 && fields[2] == id)?[0] ?? id;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return id;
        }
    }
}
