using Actors443.Testing;
using Actors443.Testing.Dns;

namespace Actors443.ClusterTests;

/// <summary>Three nodes for the tests of a class. What a test does to them, it undoes.</summary>
public sealed class ThreeNodes : IAsyncLifetime
{
    private const string Sites = """actors443.sites { "*" { routes = [{ dns = on }, { path = "/*", respond = "a node" }] } }""";

    internal ClusterOfServers Cluster { get; private set; } = null!;

    /// <summary>Of all three.</summary>
    internal DnsTestServer Upstream { get; } = DnsTestServer.Start(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")]));

    // Not the 500 ms: this machine may be slow, and what is looked at is who asks.
    public async Task InitializeAsync() => Cluster = await ClusterOfServers.StartAsync(3, Sites, $"dns.upstreams=\"{Upstream.EndPoint}\"", "dns.timeout=60s", "dns.attempt-timeout=60s", "dns.cache.shared-within=60s", "cluster.heartbeat-pause=30s");

    public async Task DisposeAsync()
    {
        await Cluster.DisposeAsync();
        Upstream.Dispose();
    }
}
