using System.Globalization;
using System.Net;
using System.Text;
using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Listening.Handover;

/// <summary>Knows the sockets that listen now, so that a process which is to replace this one can be given them: no connection is refused meanwhile. Thread-safe.</summary>
/// <param name="inherited">Taken before any address is bound.</param>
internal sealed class ListeningSockets(InheritedSockets inherited)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, string> _open = [];

    /// <summary>Sockets that listen there already, the caller's to close; empty: it has to bind.</summary>
    /// <param name="listener">Who asks.</param>
    /// <param name="wanted">As in the settings.</param>
    public IReadOnlyList<int> Take(string listener, IPEndPoint wanted) => inherited.Take(Tag(listener, wanted), wanted);

    /// <summary>This descriptor listens from now on. It is forgotten, before it is closed, with <see cref="Forget"/>.</summary>
    public void Add(string listener, IPEndPoint wanted, int descriptor)
    {
        lock (_lock)
            _open[descriptor] = Tag(listener, wanted);
    }

    public void Forget(int descriptor)
    {
        lock (_lock)
            _open.Remove(descriptor);
    }

    /// <summary>Copies that a new process inherits. The sockets behind them are the same, with those who wait to be accepted.</summary>
    /// <exception cref="IOException">There is no room for more descriptors.</exception>
    public SocketCopies Copy()
    {
        lock (_lock)
        {
            var copies = new List<int>(_open.Count);
            var names = new StringBuilder();
            foreach ((int descriptor, string tag) in _open)
            {
                int copy = LibC.fcntl(descriptor, LibC.DuplicateDescriptor, 0);
                if (copy < 0)
                {
                    int error = LibC.Error;
                    new SocketCopies(copies, "").Dispose();
                    throw new IOException($"a listening socket cannot be copied: error {error}");
                }

                copies.Add(copy);
                names.Append(CultureInfo.InvariantCulture, $"{copy} {tag};");
            }

            return new SocketCopies(copies, names.ToString());
        }
    }

    private static string Tag(string listener, IPEndPoint wanted) => $"{listener} {wanted}";
}

/// <summary>Descriptors for a process that is started; disposed of once it has.</summary>
/// <param name="descriptors">Open, and inherited by whoever is started meanwhile.</param>
/// <param name="names">For <see cref="InheritedSockets.Variable"/>.</param>
internal sealed class SocketCopies(IReadOnlyList<int> descriptors, string names) : IDisposable
{
    public string Names => names;

    public void Dispose()
    {
        foreach (int descriptor in descriptors)
            _ = LibC.close(descriptor);
    }
}
