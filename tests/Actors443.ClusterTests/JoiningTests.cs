using Actors443.Testing;

namespace Actors443.ClusterTests;

/// <summary>A node that comes to a cluster is one of it in every respect when it says that it is ready.</summary>
public sealed class JoiningTests
{
    [SkippableFact]
    public async Task It_resumes_the_sessions_of_the_others_from_the_moment_it_is_ready()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        Skip.If(TestEngine.Name == "portable", "the portable engine has the platform's ticket keys");
        using var folder = new TemporaryFolder();
        string session = Path.Combine(folder.Path, "session");
        await using ClusterOfServers cluster = await ClusterOfServers.StartAsync(1);
        string said = await OpenSslClient.GetAsync(cluster[0].Process.HttpsPort, "-sess_out", session);
        Assert.Contains("New, TLSv1.3", said, StringComparison.Ordinal);

        ClusterServer late = await cluster.AddAsync();

        said = await OpenSslClient.GetAsync(late.Process.HttpsPort, "-sess_in", session, "-sess_out", session);
        Assert.Contains("Reused, TLSv1.3", said, StringComparison.Ordinal);
        // And what it has sealed itself is the cluster's as well.
        said = await OpenSslClient.GetAsync(cluster[0].Process.HttpsPort, "-sess_in", session);
        Assert.Contains("Reused, TLSv1.3", said, StringComparison.Ordinal);
    }
}
