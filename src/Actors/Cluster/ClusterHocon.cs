using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Actors443.Cluster.Messages;
using Actors443.Configuration;
using Actors443.Hosting;
using Actors443.Remoting;

namespace Actors443.Cluster;

/// <summary>What Akka must know of a cluster: what messages between nodes are serialized by, and, for a node of our own making, where it is and whom it joins.</summary>
internal static class ClusterHocon
{
    /// <summary>The role of every node that serves, so that nodes of other kinds may be in the same cluster.</summary>
    public const string Role = "actors443";

    /// <summary>For every actor system that has Actors443: a host's may be clustered for sessions alone.</summary>
    public static string Messages => $$"""
        akka.actor {
          serializers.actors443 = "{{typeof(ClusterSerializer).FullName}}, {{typeof(ClusterSerializer).Assembly.GetName().Name}}"
          serialization-bindings {
            "{{typeof(IClusterMessage).FullName}}, {{typeof(IClusterMessage).Assembly.GetName().Name}}" = actors443
          }
        }
        """;

    /// <summary>For the executable's own actor system.</summary>
    /// <param name="settings">Those of the cluster.</param>
    /// <param name="system">Name of the actor system.</param>
    /// <param name="seedNodes">Whom to ask for entry; if this node is the first, it founds the cluster when nobody is there.</param>
    public static string Node(ClusterSettings settings, string system, IEnumerable<string> seedNodes)
    {
        using Stream stream = typeof(ClusterHocon).Assembly.GetManifestResourceStream("Actors443.cluster.conf")!;
        using var reader = new StreamReader(stream);
        bool isDotNettyFirst = settings.Transports[0] == ClusterTransport.DotNetty;
        string port = isDotNettyFirst && settings.PublicPort is { } publicPort ? $"public-port = {Text(publicPort)}" : "";
        return $$"""
            akka {
              remote {
                enabled-transports = [{{string.Join(", ", settings.Transports.Select(transport => $"\"{(transport == ClusterTransport.Https ? RemotingSettings.Path : RemotingHocon.DotNetty)}\""))}}]
                {{RemotingProtocol.Scheme}} {
                  public-hostname = {{RemotingHocon.Quote(HostnameOf(settings, ClusterTransport.Https))}}
                  port = {{Text(settings.Https.Port)}}
                  public-port = {{Text(isDotNettyFirst ? 0 : settings.PublicPort ?? 0)}}
                  secret = {{RemotingHocon.Quote(settings.Secret!)}}
                }
              }
              remote.dot-netty.tcp {
                hostname = "{{settings.Bind.Address}}"
                port = {{Text(settings.Bind.Port)}}
                public-hostname = "{{HostnameOf(settings, ClusterTransport.DotNetty)}}"
                {{port}}
                dns-use-ipv6 = {{(settings.Bind.AddressFamily == AddressFamily.InterNetworkV6 ? "on" : "off")}}
              }
              cluster {
                seed-nodes = [{{string.Join(", ", seedNodes.Select(node => $"\"{SeedOf(settings, system, node)}\""))}}]
                roles = [{{string.Join(", ", settings.Roles.Prepend(Role).Distinct(StringComparer.Ordinal).Select(role => $"\"{role}\""))}}]
                failure-detector.acceptable-heartbeat-pause = {{ActorSystemHocon.Milliseconds(settings.HeartbeatPause)}}
                split-brain-resolver.stable-after = {{ActorSystemHocon.Milliseconds(settings.StableAfter)}}
                distributed-data.role = {{Role}}
              }
            }

            """ + reader.ReadToEnd();
    }

    /// <summary>As the others name this node.</summary>
    public static string NameOf(ClusterSettings settings) =>
        $"{PublicHostname(settings)}:{Text(settings.PublicPort ?? (settings.Transports[0] == ClusterTransport.Https ? settings.Https.Port : settings.Bind.Port))}";

    /// <summary>By which name or address the others reach this node.</summary>
    public static string PublicHostname(ClusterSettings settings) => HostnameOf(settings, settings.Transports[0]);

    private static string HostnameOf(ClusterSettings settings, ClusterTransport transport) =>
        settings.PublicHostname ?? Text((transport == ClusterTransport.Https ? settings.Https : settings.Bind).Address);

    private static string SeedOf(ClusterSettings settings, string system, string node)
    {
        int end = node.IndexOf("://", StringComparison.Ordinal);
        bool isHttps = end < 0 ? settings.Transports[0] == ClusterTransport.Https : node[..end] == "https";
        return $"akka.{(isHttps ? RemotingProtocol.Scheme : "ssl.tcp")}://{system}@{(end < 0 ? node : node[(end + 3)..])}";
    }

    private static string Text(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
