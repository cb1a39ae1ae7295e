using System.Diagnostics;
using Actors443.Server.Admin;
using Actors443.Testing;
using Actors443.Testing.Dns;
using Xunit.Abstractions;

namespace Actors443.ClusterTests;

/// <summary>The node dies that a DNS name belongs to. Half a minute, and so only with <c>ACTORS443_TEST_EVERY_STEP=1</c>.</summary>
public sealed class DnsOwnerTests(ITestOutputHelper output)
{
    private const int Names = 30;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [SkippableFact]
    public async Task Its_names_are_answered_all_the_same_and_asked_for_once_again_when_it_is_removed()
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("ACTORS443_TEST_EVERY_STEP") == "1", "set ACTORS443_TEST_EVERY_STEP=1 to run it");
        using DnsTestServer upstream = DnsTestServer.Start(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")]));
        await using ClusterOfServers cluster = await ClusterOfServers.StartAsync(
            3, """actors443.sites { "*" { routes = [{ dns = on }] } }""", $"dns.upstreams=\"{upstream.EndPoint}\"", "dns.cache.shared-within=1s", "cluster.heartbeat-pause=5s", "cluster.stable-after=2s");
        ClusterServer[] left = [cluster[0], cluster[1]];
        HttpClient[] clients = [.. left.Select(node => new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null } })
        {
            BaseAddress = new Uri($"https://127.0.0.1:{node.Process.HttpsPort}/"),
        })];
        int round = 0;
        try
        {
            await Eventually.HoldsAsync(async () => await AskAllAsync() == Names, "each name is asked of the upstream once", Patience);

            cluster[2].Process.Signal(AcmeNodes.Kill);
            long killed = Stopwatch.GetTimestamp();
            // Whoever belongs to the dead one is waited for in vain, and then asked for by each node itself.
            int asked = await AskAllAsync();
            output.WriteLine($"just after the kill: {Names} names at two nodes are asked of the upstream {asked} times, all answered after {Stopwatch.GetElapsedTime(killed).TotalSeconds:0.0} s");
            Assert.InRange(asked, Names, 2 * Names);

            using AdminClient admin = left[0].Admin();
            await Eventually.HoldsAsync(async () => (await admin.ListNodesAsync(CancellationToken.None)).Length == 2, "it is removed", Patience);
            await Eventually.HoldsAsync(async () => await AskAllAsync() == Names, "each name is asked of the upstream once again", Patience);
        }
        finally
        {
            foreach (HttpClient client in clients)
                client.Dispose();
        }

        async Task<int> AskAllAsync()
        {
            string zone = $".round-{++round}.test";
            string[] answers = await Task.WhenAll(Enumerable.Range(0, Names).SelectMany(number => clients.Select(client => client.GetStringAsync($"/dns-query?name=n{number}{zone}&type=A"))));
            Assert.All(answers, answer => Assert.Contains("192.0.2.1", answer, StringComparison.Ordinal));
            return upstream.Queries.Count(query => query.Name.EndsWith(zone + ".", StringComparison.Ordinal));
        }
    }
}
