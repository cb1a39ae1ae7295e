using System.Diagnostics;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Identities;
using Actors443.Server.Admin;
using Actors443.Testing;

namespace Actors443.ClusterTests;

/// <summary>Revocations on one node that hold on all, also those that come later.</summary>
public sealed class RevocationClusterTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_certificate_is_cut_on_every_node_within_two_seconds_and_refused_by_one_that_comes_later()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates("Clients");
        using X509Certificate2 alice = authority.IssueClient("alice").WithKey;
        using X509Certificate2 bob = authority.IssueClient("bob").WithKey;
        string ca = folder.Write("clients.pem", authority.CertificatePem);
        await using ClusterOfServers cluster = await ClusterOfServers.StartAsync(3, null, $"https.client-certificates.ca=\"{ca}\"", "https.client-certificates.mode=require");
        var clients = new List<TlsClient>();
        try
        {
            foreach (ClusterServer node in cluster.Nodes)
                clients.Add(await ConnectAsync(node, alice));
            await using TlsClient other = await ConnectAsync(cluster[2], bob);
            Identity identity = Identity.Certificate(alice);
            using AdminClient admin = cluster[1].Admin();

            long start = Stopwatch.GetTimestamp();
            RevocationReport report = await admin.RevokeAsync(identity, "laptop lost", CancellationToken.None);
            Assert.All(await Task.WhenAll(clients.Select(client => client.EndsAsync())), Assert.True);
            TimeSpan took = Stopwatch.GetElapsedTime(start);

            Assert.True(took < Promised, $"it took {took}");
            Assert.Empty(report.Silent);
            Assert.Equal(cluster.Nodes.Select(node => (node.Name, 1)).Order(), report.Nodes.Select(node => (node.Node!, node.Connections)).Order());
            Assert.Equal(200, (await other.GetAsync()).Status);
            foreach (ClusterServer node in cluster.Nodes)
                Assert.False(await IsServedAsync(node, alice));

            ClusterServer late = await cluster.AddAsync();
            await Eventually.HoldsAsync(async () => (await ListAsync(late)).Any(one => one.Id == identity.Id), "the new node knows", TimeSpan.FromSeconds(30));
            Assert.False(await IsServedAsync(late, alice));
            Assert.True(await IsServedAsync(late, bob));

            using AdminClient lateAdmin = late.Admin();
            report = await lateAdmin.UndoRevocationAsync(identity, CancellationToken.None);
            Assert.Equal(4, report.Nodes.Count);
            foreach (ClusterServer node in cluster.Nodes)
                Assert.True(await IsServedAsync(node, alice));
        }
        finally
        {
            foreach (TlsClient client in clients)
                await client.DisposeAsync();
        }
    }

    private static async Task<RevokedReport[]> ListAsync(ClusterServer node)
    {
        using AdminClient admin = node.Admin();
        return await admin.ListRevokedAsync(CancellationToken.None);
    }

    // Without resumption: SslStream keeps sessions by host, and these have one host.
    private static Task<TlsClient> ConnectAsync(ClusterServer node, X509Certificate2 certificate) => TlsClient.ConnectAsync(node.Process.HttpsPort, configure: options =>
    {
        options.ClientCertificates = [certificate];
        options.AllowTlsResume = false;
        options.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
    });

    private static async Task<bool> IsServedAsync(ClusterServer node, X509Certificate2 certificate)
    {
        try
        {
            await using TlsClient client = await ConnectAsync(node, certificate);
            return (await client.GetAsync()).Status == 200;
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException)
        {
            return false;
        }
    }
}
