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
        bool hasDotNettysAddress = settings.Addresses == ClusterTransport.DotNetty;
        string port = hasDotNettysAddress && settings.PublicPort is { } publicPort ? $"public-port = {Text(publicPort)}" : "";
        return $$"""
            akka {
              remote {
                enabled-transports = ["{{(settings.Transports[0] == ClusterTransport.Https ? RemotingSettings.Path : RemotingHocon.DotNetty)}}"]
                {{RemotingProtocol.Scheme}} {
                  public-hostname = {{RemotingHocon.Quote(PublicHostname(settings))}}
                  dot-netty = {{RemotingHocon.Of(UseOf(settings))}}
                  port = {{Text(settings.Https.Port)}}
                  public-port = {{Text(hasDotNettysAddress ? 0 : settings.PublicPort ?? 0)}}
                  secret = {{RemotingHocon.Quote(settings.Secret!)}}
                }
              }
              remote.dot-netty.tcp {
                hostname = "{{settings.Bind.Address}}"
                port = {{Text(settings.Bind.Port)}}
                public-hostname = "{{PublicHostname(settings)}}"
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
        $"{PublicHostname(settings)}:{Text(settings.PublicPort ?? AddressOf(settings).Port)}";

    /// <summary>By which name or address the others reach this node.</summary>
    public static string PublicHostname(ClusterSettings settings) => settings.PublicHostname ?? Text(AddressOf(settings).Address);

    private static DotNettyUse UseOf(ClusterSettings settings) => settings.Addresses == ClusterTransport.Https ? DotNettyUse.Off
        : settings.Transports.Contains(ClusterTransport.DotNetty) ? DotNettyUse.Beside : DotNettyUse.Address;

    private static IPEndPoint AddressOf(ClusterSettings settings) => settings.Addresses == ClusterTransport.Https ? settings.Https : settings.Bind;

    private static string SeedOf(ClusterSettings settings, string system, string node) =>
        $"akka.{(settings.Addresses == ClusterTransport.Https ? RemotingProtocol.Scheme : "ssl.tcp")}://{system}@{node}";

    private static string Text(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
