using System.Net.Security;
using Actors443.Tls;

namespace Actors443.Remoting;

/// <summary>What Akka.Remote is called on our connections.</summary>
internal static class RemotingProtocol
{
    /// <summary>Its name in ALPN.</summary>
    public const string Name = "akka-remote/1";

    /// <summary>What follows <c>akka.</c> in addresses, and the name below <c>akka.remote</c>.</summary>
    public const string Scheme = "actors443";

    /// <summary>Of what is said before messages. A node of another version says so, and is refused with words.</summary>
    public const string Version = "1";

    public static SslApplicationProtocol Alpn { get; } = new(Name);

    /// <summary>Whether a ClientHello is that of a node: it offers this protocol and nothing else. Offered among others it means nothing.</summary>
    public static bool IsPeer(ClientHello hello) => hello.ApplicationProtocols is [Name];
}
