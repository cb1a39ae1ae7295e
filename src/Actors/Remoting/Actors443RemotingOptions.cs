using System.Security.Cryptography.X509Certificates;
using Akka.Actor;

namespace Actors443.Remoting;

/// <summary>What a host says in code of Akka.Remote over our own connections; what is null is as <c>akka.remote.actors443</c> has it. Not thread-safe; used while the actor system is configured.</summary>
public sealed class Actors443RemotingOptions
{
    /// <summary>The name or address by which the other nodes reach this one, and which its certificate must have. The setting <c>public-hostname</c>.</summary>
    public string? PublicHostName { get; set; }

    /// <summary>The port of the https listener. The setting <c>port</c>.</summary>
    public int? Port { get; set; }

    /// <summary>The port by which the others reach that, if it is another. The setting <c>public-port</c>.</summary>
    public int? PublicPort { get; set; }

    /// <summary>An address of this machine, from which others are connected to. The setting <c>bind-hostname</c>.</summary>
    public string? BindHostName { get; set; }

    /// <summary>What all nodes share: text, <c>file:PATH</c> or <c>env:NAME</c>, at least 32 bytes; the CA of the nodes follows from it. The setting <c>secret</c>.</summary>
    public string? Secret { get; set; }

    /// <summary>PEM file of this node's certificate with its chain. The setting <c>certificate.chain</c>.</summary>
    public string? CertificateChain { get; set; }

    /// <summary>PEM file of its key; null: it is in the same file. The setting <c>certificate.key</c>.</summary>
    public string? CertificateKey { get; set; }

    /// <summary>PEM files of the CAs whose certificates nodes may show. The setting <c>ca</c>.</summary>
    public IReadOnlyList<string>? Authorities { get; set; }

    /// <summary>After a change of these files, all associations that there are show each other their certificates anew within this, or end. The setting <c>rehandshake-within</c>.</summary>
    public TimeSpan? RehandshakeWithin { get; set; }

    /// <summary>Names of which a node's certificate must have one. The setting <c>peers.names</c>.</summary>
    public IReadOnlyList<string>? PeerNames { get; set; }

    /// <summary>Hashes of keys of which a node's certificate must have one. The setting <c>peers.pins</c>.</summary>
    public IReadOnlyList<string>? PeerPins { get; set; }

    /// <summary>Asked last about each node's certificate that a trusted CA has issued, in either direction: answers why it is not taken, or null. Called by several threads at once; must not block.</summary>
    public Func<X509Certificate2, string?>? ValidatePeer { get; set; }

    /// <summary>For moving a cluster of DotNetty over by restarting one node after the other. The setting <c>dot-netty</c>.</summary>
    public DotNettyUse? DotNetty { get; set; }

    /// <summary>With that: the port of the other nodes' https listeners, if it is not that of this node's. The setting <c>peer-port</c>.</summary>
    public int? PeerPort { get; set; }

    /// <summary>The actor system in which Actors443 serves, if it is another than this one: several systems on one port. It must have been started.</summary>
    public ActorSystem? Listener { get; set; }
}

/// <summary>What a node keeps of DotNetty (<c>akka.remote.dot-netty.tcp</c>), for Akka.Cluster lets nobody in whose addresses are of another protocol.</summary>
public enum DotNettyUse
{
    /// <summary>Nothing: addresses are <c>akka.actors443://</c>.</summary>
    Off,

    /// <summary>Its address, and the transport itself: nodes that speak ours are reached by ours, and all others by DotNetty, by which they also come.</summary>
    Beside,

    /// <summary>Its address alone: nothing listens on its port, and all nodes reach each other by ours.</summary>
    Address,
}
