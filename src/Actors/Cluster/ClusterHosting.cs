using System.Security.Cryptography.X509Certificates;
using Actors443.Cluster.Founding;
using Actors443.Cluster.Identity;
using Actors443.Configuration;
using Actors443.Remoting;
using Actors443.Telemetry;
using Akka.Hosting;
using Akka.Remote.Transport.DotNetty;

namespace Actors443.Cluster;

/// <summary>Makes an actor system a node of the cluster that the settings describe.</summary>
internal static class ClusterHosting
{
    /// <summary>Akka.Remote over mutual TLS, Akka.Cluster and its seeds; goes with the executable's <c>WithActors443</c>. Nothing if <c>cluster.enabled</c> is off.</summary>
    /// <exception cref="Certificates.CertificateException">The secret cannot be read.</exception>
    public static AkkaConfigurationBuilder WithClusterNode(this AkkaConfigurationBuilder builder, Actors443Settings core, string system, ILoggerFactory loggers)
    {
        ClusterSettings settings = core.Cluster;
        if (!settings.Enabled)
            return builder;
        ILogger log = loggers.CreateLogger(LogCategories.Cluster);
        var certificates = new ClusterCertificates(ClusterKeys.Read(settings));
        string host = ClusterHocon.PublicHostname(settings).Trim('[', ']');
        bool hearsOthersFirst = new KnownNodes(core.StateDirectory).HearsOthersFirst(settings);
        return builder
            .AddSetup(new RemotingSetup { Loggers = loggers })
            .AddSetup(new DotNettySslSetup(certificates.Issue(host), suppressValidation: false, requireMutualAuthentication: true, Validate))
            .AddHocon(ClusterHocon.Node(settings, system, hearsOthersFirst ? settings.SeedNodes.Skip(1) : settings.SeedNodes), HoconAddMode.Prepend);

        bool Validate(X509Certificate2? certificate, X509Chain? chain, string peer, System.Net.Security.SslPolicyErrors errors, Akka.Event.ILoggingAdapter akkaLog)
        {
            if (certificates.IsOfThisCluster(certificate, out string? problem))
                return true;
            log.PeerRefused(peer, problem!);
            return false;
        }
    }
}
