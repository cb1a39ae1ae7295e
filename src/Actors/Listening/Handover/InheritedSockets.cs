using System.Globalization;
using System.Net;
using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Listening.Handover;

/// <summary>
/// Sockets that listened before this process began: of systemd (socket activation, sd_listen_fds(3)) or of the process that this one replaces. They belong to the process, whatever
/// number of actor systems it has; a listener takes those of its addresses. Linux only; elsewhere there are none. Thread-safe.
/// </summary>
internal sealed class InheritedSockets
{
    /// <summary>Names the sockets of a process that is replaced: <c>descriptor tag;…</c>, see <see cref="ListeningSockets.Copy"/>.</summary>
    public const string Variable = "ACTORS443_SOCKETS";

    private const int FirstOfSystemd = 3;

    private readonly Lock _lock = new();
    private readonly List<InheritedSocket> _left;

    /// <param name="sockets">Those there are.</param>
    public InheritedSockets(IEnumerable<InheritedSocket> sockets) => _left = [.. sockets];

    /// <summary>Those of this process.</summary>
    public static InheritedSockets OfProcess { get; } = new(OperatingSystem.IsLinux() ? ReadEnvironment() : []);

    /// <summary>The sockets of an address, which are the caller's to close from then on; empty: there are none.</summary>
    /// <param name="tag">For port 0: that of the listener which had any free port before.</param>
    /// <param name="wanted">What is to be listened on.</param>
    public IReadOnlyList<int> Take(string tag, IPEndPoint wanted)
    {
        lock (_lock)
        {
            InheritedSocket[] taken = [.. _left.Where(socket => wanted.Port == 0 ? socket.Tag == tag : socket.EndPoint.Equals(wanted))];
            _left.RemoveAll(taken.Contains);
            return [.. taken.Select(socket => socket.Descriptor)];
        }
    }

    /// <summary>Closes what no listener has taken, so that clients are refused rather than left to wait. Answers their addresses.</summary>
    public IReadOnlyList<IPEndPoint> CloseRest()
    {
        lock (_lock)
        {
            IPEndPoint[] rest = [.. _left.Select(socket => socket.EndPoint).Distinct()];
            foreach (InheritedSocket socket in _left)
                _ = LibC.close(socket.Descriptor);
            _left.Clear();
            return rest;
        }
    }

    private static IEnumerable<InheritedSocket> ReadEnvironment()
    {
        string? sockets = Environment.GetEnvironmentVariable(Variable);
        string? ofProcess = Environment.GetEnvironmentVariable("LISTEN_PID");
        string? count = Environment.GetEnvironmentVariable("LISTEN_FDS");
        // Meant for this process, not for those it starts; systemd's name the process they are meant for, and a host of ours may want them too.
        Environment.SetEnvironmentVariable(Variable, null);
        foreach (string entry in sockets?.Split(';', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            int space = entry.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && int.TryParse(entry.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor) && InheritedSocket.Find(descriptor, entry[(space + 1)..]) is { } socket)
                yield return socket;
        }

        if (int.TryParse(ofProcess, NumberStyles.None, CultureInfo.InvariantCulture, out int process) && process == Environment.ProcessId
            && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            foreach (int descriptor in Enumerable.Range(FirstOfSystemd, number))
            {
                if (InheritedSocket.Find(descriptor, tag: "") is { } socket)
                    yield return socket;
            }
        }
    }
}

/// <summary>A TCP socket that listens.</summary>
/// <param name="Descriptor">Its number.</param>
/// <param name="Tag">Whose it was; empty: unknown.</param>
/// <param name="EndPoint">Where it is bound.</param>
internal sealed record InheritedSocket(int Descriptor, string Tag, IPEndPoint EndPoint)
{
    /// <summary>Looks at a descriptor, and keeps it from processes that this one starts; null: it is none that listens for TCP.</summary>
    public static unsafe InheritedSocket? Find(int descriptor, string tag)
    {
        byte* address = stackalloc byte[NativeAddress.MaximumLength];
        int length = NativeAddress.MaximumLength;
        if (LibC.getsockname(descriptor, address, &length) != 0 || !Is(descriptor, LibC.SocketType, LibC.SocketStream) || !Is(descriptor, LibC.SocketAccepts, 1))
            return null;
        // Of a Unix socket the address is no IP address.
        if (BitConverter.ToUInt16(new ReadOnlySpan<byte>(address, sizeof(ushort))) is not (LibC.FamilyIpv4 or LibC.FamilyIpv6))
            return null;
        _ = LibC.fcntl(descriptor, LibC.SetDescriptorFlags, LibC.CloseOnExec);
        return new InheritedSocket(descriptor, tag, NativeAddress.Read(new ReadOnlySpan<byte>(address, length)));
    }

    /// <summary>Whether others may listen on the same address beside it (SO_REUSEPORT).</summary>
    public static bool IsShared(int descriptor) => Is(descriptor, LibC.SocketReusePort, 1);

    private static unsafe bool Is(int descriptor, int option, int wanted)
    {
        int value = 0;
        int length = sizeof(int);
        return LibC.getsockopt(descriptor, LibC.LevelSocket, option, &value, &length) == 0 && value == wanted;
    }
}
