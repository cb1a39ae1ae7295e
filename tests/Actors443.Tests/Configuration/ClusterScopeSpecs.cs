using Actors443.Cluster.Generations;
using Actors443.Server.Applying.Generations;
using Actors443.Server.Configuration;

namespace Actors443.Tests.Configuration;

/// <summary>Which settings a configuration of the cluster decides, and which are each node's own.</summary>
public sealed class ClusterScopeSpecs : SettingsFixture
{
    [Theory]
    [InlineData("sites.\"b.example\" = www", "actors443.sites.\"b.example\"")]
    [InlineData("certificates.directories = www", "actors443.certificates.directories")]
    [InlineData("admission.maximum-connections = 5", "actors443.admission.maximum-connections")]
    [InlineData("https.tls = modern", "actors443.https.tls")]
    [InlineData("https.strict-sni = on", "actors443.https.strict-sni")]
    [InlineData("deadlines.age = 1h", "actors443.deadlines.age")]
    [InlineData("drain.rate = 5", "actors443.drain.rate")]
    [InlineData("obituaries.kept = 5", "actors443.obituaries.kept")]
    [InlineData("dns.cache.stale = off", "actors443.dns.cache.stale")]
    [InlineData("requests.timeout = 1s", "actors443.requests.timeout")]
    public void Of_the_cluster(string written, string key)
    {
        (ServerSettings own, ServerSettings cluster) = (Settings(""), Settings(written));

        var change = SettingsChange.Between(own, ClusterScope.Over(own, cluster));

        Assert.Equal([key], change.LiveKeys);
        Assert.Empty(change.RestartKeys);
        Assert.True(ClusterScope.Includes(key));
    }

    [Theory]
    [InlineData("https.bind = 1")]
    [InlineData("https.limits.http2-streams = 5")]
    [InlineData("http.enabled = off")]
    [InlineData("engine = portable")]
    [InlineData("event-loop.loops = 1")]
    [InlineData("state-directory = elsewhere")]
    [InlineData("admin.bind = \"127.0.0.1:1\"")]
    [InlineData("telemetry.service-name = other")]
    [InlineData("access-log.format = json")]
    [InlineData("log { level = debug, json = on }")]
    [InlineData("cluster { heartbeat-pause = 9s }")]
    public void Of_each_node(string written)
    {
        (ServerSettings own, ServerSettings cluster) = (Settings(""), Settings(written));
        Assert.False(SettingsChange.Between(own, cluster).IsEmpty);

        Assert.True(SettingsChange.Between(own, ClusterScope.Over(own, cluster)).IsEmpty);
        Assert.False(ClusterScope.Includes("actors443.access-log.format"));
    }

    [Fact]
    public void What_a_nodes_own_files_say_of_it_is_passed_over_and_told()
    {
        var overlay = new ClusterOverlay();
        var generation = new ConfigurationGeneration { Number = 3, Files = [new("/etc/all.conf", "actors443 { deadlines.idle = 1m, sites { \"a.example\" = www } }")] };
        LoadedSettings own = Load("actors443 { deadlines.idle = 2m, log.level = debug, sites { \"a.example\" = www } }");
        Assert.Same(own, overlay.Over(own));

        overlay.Decide(generation, Good(Load(generation.Files[0].Text)));
        LoadedSettings over = overlay.Over(own);

        Assert.Equal(TimeSpan.FromMinutes(1), over.Settings!.Core.Deadlines.Idle);
        Assert.Equal(Microsoft.Extensions.Logging.LogLevel.Debug, over.Settings.Log.Level);
        Assert.Contains(over.Warnings, warning => warning.Path == "actors443.deadlines.idle" && warning.Message.Contains("generation 3", StringComparison.Ordinal));
        // Back to each node's own.
        overlay.Decide(generation with { Number = 4, Files = [] }, null);
        Assert.Same(own, overlay.Over(own));
    }

    private ServerSettings Settings(string more) => Good("actors443 {\n sites.\"a.example\" = www\n" + more + "\n}");
}
