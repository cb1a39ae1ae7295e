using System.Runtime.InteropServices;

namespace Actors443.Engine.EventLoop.Interop;

/// <summary>
/// What the event loop asks of the C library (Linux). File descriptors are plain numbers: each belongs to one loop, whose thread alone uses
/// and closes it.
/// </summary>
internal static unsafe partial class LibC
{
    public const int EINTR = 4;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int LimitOfFiles = 7;
    public const int EMFILE = 24;
    public const int EPIPE = 32;
    public const int ENOTSOCK = 88;
    public const int ENOSYS = 38;
    public const int EADDRINUSE = 98;
    public const int EADDRNOTAVAIL = 99;
    public const int ENETUNREACH = 101;
    public const int ECONNRESET = 104;
    public const int ENOBUFS = 105;
    public const int ETIMEDOUT = 110;
    public const int ECONNREFUSED = 111;
    public const int EHOSTUNREACH = 113;
    public const int EINPROGRESS = 115;

    public const int EpollAdd = 1;
    public const int EpollDelete = 2;
    public const int EpollModify = 3;
    public const uint EpollIn = 0x001;
    public const uint EpollOut = 0x004;
    public const uint EpollError = 0x008;
    public const uint EpollHangUp = 0x010;
    public const uint EpollReadHangUp = 0x2000;
    public const uint EpollEdge = 1u << 31;

    public const int FamilyUnix = 1;
    public const int FamilyIpv4 = 2;
    public const int FamilyIpv6 = 10;
    public const int SocketStream = 1;
    public const int SocketNonBlocking = 0x800;
    public const int SocketCloseOnExec = 0x80000;
    public const int LevelSocket = 1;
    public const int LevelIp = 0;
    public const int LevelTcp = 6;
    public const int SocketReuseAddress = 2;
    public const int SocketType = 3;
    public const int SocketError = 4;
    public const int SocketLinger = 13;
    public const int SocketReceiveBuffer = 8;
    public const int SocketReusePort = 15;
    public const int SocketAccepts = 30;
    public const int LevelIpv6 = 41;
    public const int Ipv6Only = 26;
    public const int IpBindAddressNoPort = 24;
    public const int TcpNoDelay = 1;
    public const int ShutdownWrite = 1;
    public const int NoSignal = 0x4000;

    public const int DuplicateDescriptor = 0;
    public const int SetDescriptorFlags = 2;
    public const int GetStatusFlags = 3;
    public const int SetStatusFlags = 4;
    public const int CloseOnExec = 1;
    public const int Append = 0x400;

    public const int CloneFiles = 0x400;

    private const int SchedulingBatch = 3;
    private const int TrimThreshold = -1;
    private const string Library = "libc";
    private const int EpollCloseOnExec = 0x80000;
    private const int EventFdFlags = SocketNonBlocking | SocketCloseOnExec;

    /// <summary>A new epoll instance, closed on exec; -1 and <see cref="Error"/> if there can be none.</summary>
    public static int CreateEpoll() => epoll_create1(EpollCloseOnExec);

    public static int CreateEventFd() => eventfd(0, EventFdFlags);

    /// <summary>The thread's <c>errno</c> as it is now, for calls made by another library.</summary>
    public static int LastSystemError => Marshal.GetLastSystemError();

    /// <summary>The error of the last call on this thread that set one.</summary>
    public static int Error => Marshal.GetLastPInvokeError();

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_ctl(int epoll, int operation, int descriptor, void* @event);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_wait(int epoll, void* events, int maximum, int timeoutMs);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_pwait2(int epoll, void* events, int maximum, TimeSpec* timeout, nint signals);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint read(int descriptor, void* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint write(int descriptor, void* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int close(int descriptor);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int dup(int descriptor);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int getrlimit(int resource, ResourceLimit* limit);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int socket(int family, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int socketpair(int family, int type, int protocol, int* descriptors);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fcntl(int descriptor, int command, int argument);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bind(int descriptor, void* address, int length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int connect(int descriptor, void* address, int length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int shutdown(int descriptor, int how);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int setsockopt(int descriptor, int level, int name, void* value, int length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int getsockopt(int descriptor, int level, int name, void* value, int* length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int listen(int descriptor, int backlog);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int accept4(int descriptor, void* address, int* length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int getsockname(int descriptor, void* address, int* length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint recv(int descriptor, void* buffer, nuint count, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint send(int descriptor, void* buffer, nuint count, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint sendmsg(int descriptor, Message* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint readv(int descriptor, Vector* vectors, int count);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint preadv2(int descriptor, Vector* vectors, int count, long offset, int flags);

    /// <summary>Lets the heaps of threads keep so much free memory before they give it back to the kernel, who takes it page by page and gives it again filled with
    /// zeros.</summary>
    public static void KeepFreeMemory(int bytes)
    {
        try
        {
            _ = mallopt(TrimThreshold, bytes);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than GNU's: its heaps are its own affair.
        }
    }

    /// <summary>The thread that calls waits for the end of others' turns when it wakes (sched(7)). 0, or the error.</summary>
    public static int UseBatchScheduling()
    {
        int priority = 0;
        return pthread_setschedparam(pthread_self(), SchedulingBatch, &priority);
    }

    [LibraryImport(Library, SetLastError = true)]
    public static partial int unshare(int flags);

    [LibraryImport(Library)]
    private static partial nint pthread_self();

    [LibraryImport(Library)]
    private static partial int pthread_setschedparam(nint thread, int policy, int* priority);

    [LibraryImport(Library)]
    private static partial int mallopt(int parameter, int value);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Vector
    {
        public byte* Bytes;
        public nuint Length;
    }

    /// <summary>msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public void* Name;
        public uint NameLength;
        public Vector* Parts;
        public nuint PartCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceLimit
    {
        public ulong Current;
        public ulong Maximum;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Linger
    {
        public int On;
        public int Seconds;
    }
}
