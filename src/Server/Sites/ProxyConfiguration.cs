using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;

namespace Actors443.Server.Sites;

/// <summary>Our proxy routes in YARP's terms.</summary>
internal static class ProxyConfiguration
{
    private static readonly string[] SaidByClients = ["Forwarded", "X-Real-IP", "X-Forwarded-Port", "X-Forwarded-Server"];

    /// <summary>The same route has the same id in every generation of settings: a reload that does not change it leaves its connections and health alone.</summary>
    public static string IdOf(string site, ProxyRoute route)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(route)));
        return $"{site}{route.Path}#{Convert.ToHexStringLower(hash.AsSpan(0, 6))}";
    }

    public static RouteConfig ToRoute(string id, ProxyRoute route) => new()
    {
        RouteId = id,
        ClusterId = id,
        Match = new RouteMatch { Path = "/{**rest}" },
        Transforms = Transforms(route),
        Metadata = Cuts(route) ? new Dictionary<string, string> { [WrittenPath.CutKey] = route.Path[..^2].Count(c => c == '/').ToString(CultureInfo.InvariantCulture) } : null,
    };

    public static ClusterConfig ToCluster(string id, ProxyRoute route) => new()
    {
        ClusterId = id,
        LoadBalancingPolicy = route.Balance switch
        {
            "round-robin" => "RoundRobin",
            "random" => "Random",
            "first" => "FirstAlphabetical",
            _ => "LeastRequests",
        },
        Destinations = route.Destinations
            .Select((destination, number) => (number, destination))
            .ToDictionary(pair => pair.number.ToString("000", CultureInfo.InvariantCulture), pair => new DestinationConfig { Address = pair.destination.ToString() }),
        HttpRequest = new ForwarderRequestConfig
        {
            ActivityTimeout = route.Timeout,
            Version = route.HttpVersion switch { "1.1" => HttpVersion.Version11, _ => HttpVersion.Version20 },
            VersionPolicy = route.HttpVersion == "2" ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
        },
        HealthCheck = new HealthCheckConfig
        {
            Active = route.HealthPath is null ? null : new ActiveHealthCheckConfig
            {
                Enabled = true,
                Path = route.HealthPath,
                Interval = route.HealthInterval,
                Timeout = route.HealthTimeout,
                Policy = HealthCheckConstants.ActivePolicy.ConsecutiveFailures,
            },
            Passive = new PassiveHealthCheckConfig
            {
                Enabled = route.Destinations.Count > 1,
                Policy = FailureCount.PolicyName,
                ReactivationPeriod = route.HealthInterval,
            },
            AvailableDestinationsPolicy = HealthCheckConstants.AvailableDestinations.HealthyAndUnknown,
        },
    };

    private static bool Cuts(ProxyRoute route) => route.StripPrefix && route.Path.Length > 2 && route.Path.EndsWith("/*", StringComparison.Ordinal);

    private static List<IReadOnlyDictionary<string, string>> Transforms(ProxyRoute route)
    {
        var transforms = new List<IReadOnlyDictionary<string, string>>
        {
            new Dictionary<string, string> { ["RequestHeaderOriginalHost"] = route.PreserveHost ? "true" : "false" },
        };
        // Ours are X-Forwarded-For, -Proto and -Host; what else a client could say about itself is not for an upstream to believe.
        foreach (string header in SaidByClients)
            transforms.Add(new Dictionary<string, string> { ["RequestHeaderRemove"] = header });
        if (Cuts(route))
            transforms.Add(new Dictionary<string, string> { ["PathRemovePrefix"] = PathString.FromUriComponent(route.Path[..^2]).Value! });
        return transforms;
    }
}
