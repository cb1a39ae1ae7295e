using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Actors443.Testing;

/// <summary>One of <see cref="NetworkNamespaces"/>, as it were a host: its loopback is its own.</summary>
/// <param name="name">As <c>ip netns</c> knows it.</param>
/// <param name="address">By which the others reach it.</param>
internal sealed partial class NetworkNamespace(string name, IPAddress address) : IAsyncDisposable
{
    private const int CloneNewNet = 0x40000000;

    private readonly List<TcpRelay> _published = [];

    public string Name => name;

    public IPAddress Address => address;

    /// <summary>What starts a program in it.</summary>
    public IReadOnlyList<string> Prefix { get; } = ["ip", "netns", "exec", name];

    /// <summary>From now on a port of 127.0.0.1 here leads to the same port of 127.0.0.1 there.</summary>
    public void Publish(int port) => _published.Add(new TcpRelay(port, OpenSocket, () => port));

    public async ValueTask DisposeAsync()
    {
        foreach (TcpRelay relay in _published)
            await relay.DisposeAsync();
    }

    // A socket is for good of the namespace of the thread that made it; such a thread is of no other use.
    private Socket OpenSocket()
    {
        Socket? socket = null;
        Exception? problem = null;
        var thread = new Thread(() =>
        {
            try
            {
                using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle("/run/netns/" + name);
                if (SetNamespace((int)file.DangerousGetHandle(), CloneNewNet) != 0)
                    throw new Win32Exception(Marshal.GetLastPInvokeError());
                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            }
            catch (Exception cause) when (cause is IOException or Win32Exception or SocketException)
            {
                problem = cause;
            }
        });
        thread.Start();
        thread.Join();
        return socket ?? throw new IOException($"no socket in {name}: {problem!.Message}", problem);
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int file, int kind);
}
