using Actors443.Cluster.Messages;
using Actors443.Hosting;
using Akka.Cluster.Hosting;
using Akka.Cluster.Hosting.SBR;
using Akka.Hosting;

namespace Actors443.Samples;

/// <summary>A sample as one of several nodes on this machine: <c>--node=1</c>, <c>2</c> and <c>3</c>, each by the same command. Without it, it is a cluster of one.</summary>
internal static class SampleCluster
{
    /// <summary>What the command line says of Actors443: <c>--actors443:drain.deadline=10s</c>; and, with <c>--node</c>, a port for each: 8443, 8444, 8445.</summary>
    public static void From(this Actors443Options options, IConfiguration configuration)
    {
        if (configuration.GetValue<int?>("node") is { } node)
            options.Bind($"127.0.0.1:{8442 + node}").Set("http.enabled", "off");
        foreach (IConfigurationSection setting in configuration.GetSection("actors443").GetChildren())
            options.Set(setting.Key, setting.Value!);
    }

    // The CA of the nodes follows from it. Beyond one machine: --cluster:secret=file:cluster.secret (openssl rand -base64 48), the same on all.
    private const string Secret = "nodes of a sample on one machine, where it need be none";

    /// <summary>Joins the others by the ports that browsers use as well: 8443, 8444 and 8445. Two of them are seeds, for one that is started again must find the cluster by the other.</summary>
    public static AkkaConfigurationBuilder WithSampleCluster(this AkkaConfigurationBuilder akka, IConfiguration configuration, string system, string role)
    {
        int? node = configuration.GetValue<int?>("node");
        int port = configuration.GetValue("cluster:port", 8442 + (node ?? 1));
        string seeds = configuration["cluster:seeds"] ?? (node is null ? $"127.0.0.1:{port}" : "127.0.0.1:8443,127.0.0.1:8444");
        return akka
            .WithActors443Remoting(options =>
            {
                options.PublicHostName = "127.0.0.1";
                options.Port = port;
                options.Secret = configuration["cluster:secret"] ?? Secret;
            })
            .WithClustering(new ClusterOptions
            {
                SeedNodes = [.. seeds.Split(',').Select(seed => $"akka.actors443://{system}@{seed}")],
                Roles = [role],
                // Of nodes that cannot reach each other the greater part goes on. One machine has no network that is slow to settle.
                SplitBrainResolver = new KeepMajorityOption(),
            })
            .AddHocon("akka.cluster.split-brain-resolver.stable-after = 5s", HoconAddMode.Prepend)
            .AddHocon(RefusingSerializer.InPlaceOfJson, HoconAddMode.Prepend);
    }
}
