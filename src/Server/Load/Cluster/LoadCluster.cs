using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Configuration;

namespace Actors443.Server.Load.Cluster;

/// <summary>The cluster of load nodes of one run: made for it, ended with it.</summary>
internal static class LoadCluster
{
    public const string CoordinatorRole = "coordinator";
    public const string NodeRole = "node";
    public const string CoordinatorName = "coordinator";

    private const string SystemName = "actors443-load-nodes";

    /// <summary>Starts this node's part.</summary>
    /// <param name="listen">Address that the other nodes reach it by; port 0: any.</param>
    /// <param name="seed">The coordinator; null: it is this node.</param>
    /// <exception cref="LoadException">The address cannot be bound.</exception>
    public static ActorSystem Start(IPEndPoint listen, IPEndPoint? seed)
    {
        string address = Text(listen.Address);
        string seeds = seed is null ? "" : $"\"akka.tcp://{SystemName}@{Text(seed.Address)}:{seed.Port.ToString(CultureInfo.InvariantCulture)}\"";
        Config config = ConfigurationFactory.ParseString($$"""
            akka {
              loglevel = WARNING
              stdout-loglevel = OFF
              loggers = []
              actor {
                provider = cluster
                serializers.load-node = "{{typeof(LoadNodeSerializer).FullName}}, {{typeof(LoadNodeSerializer).Assembly.GetName().Name}}"
                serialization-bindings {
                  "{{typeof(ILoadNodeMessage).FullName}}, {{typeof(ILoadNodeMessage).Assembly.GetName().Name}}" = load-node
                }
              }
              remote.dot-netty.tcp {
                hostname = "{{address}}"
                port = {{listen.Port}}
                maximum-frame-size = 4MB
                send-buffer-size = 4MB
                receive-buffer-size = 4MB
              }
              cluster {
                roles = [{{(seed is null ? CoordinatorRole : NodeRole)}}]
                seed-nodes = [{{seeds}}]
                min-nr-of-members = 1
                failure-detector.acceptable-heartbeat-pause = 10s
              }
              coordinated-shutdown.run-by-clr-shutdown-hook = off
            }
            """);
        ActorSystem system;
        try
        {
            system = ActorSystem.Create(SystemName, config);
        }
        catch (Exception cause) when (cause.GetBaseException() is SocketException socket)
        {
            throw new LoadException($"Load nodes cannot listen on {listen}: {socket.Message}. Give another address with --listen.", cause);
        }

        var cluster = Akka.Cluster.Cluster.Get(system);
        if (seed is null)
            cluster.Join(cluster.SelfAddress);
        return system;
    }

    /// <summary>The address of this machine that a peer would see.</summary>
    public static IPAddress AddressTowards(IPEndPoint peer)
    {
        // Connecting a datagram socket sends nothing; it only looks the route up.
        using var socket = new Socket(peer.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(peer);
        return ((IPEndPoint)socket.LocalEndPoint!).Address;
    }

    /// <summary>The port that was really bound.</summary>
    public static IPEndPoint AddressOf(ActorSystem system)
    {
        Address address = Akka.Cluster.Cluster.Get(system).SelfAddress;
        return new IPEndPoint(IPAddress.Parse(address.Host), address.Port!.Value);
    }

    public static string NameOf(ActorSystem system) => AddressOf(system).ToString();

    private static string Text(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
}
