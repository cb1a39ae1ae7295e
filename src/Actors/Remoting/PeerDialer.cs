using Actors443.Engine;
using Actors443.Engine.Dialing;
using Actors443.Engine.Portable;

namespace Actors443.Remoting;

/// <summary>By what nodes connect to each other: the engine of the server that they are reached by, whose actors own the connections. Thread-safe.</summary>
internal sealed class PeerDialer(IDialer engine, IConnectionOwners? owners)
{
    /// <summary>In the place of the name of a listener.</summary>
    public const string Name = "outbound";

    /// <summary>For an actor system without a server: SslStream, and no actor owns what is made.</summary>
    public static PeerDialer WithoutServer { get; } = new(new PortableDialer(null, new MonotonicClock(TimeProvider.System)), null);

    public IDialer Engine => engine;

    /// <summary>Null: there is no server.</summary>
    public IConnectionOwners? Owners => owners;
}
