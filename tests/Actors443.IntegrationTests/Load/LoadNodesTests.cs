using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Actors443.Server.Load;
using Actors443.Server.Load.Cluster;
using Actors443.Server.Load.Settings;
using Actors443.Testing;
using LoadSettings = Actors443.Server.Load.Settings.LoadSettings;

namespace Actors443.IntegrationTests.Load;

/// <summary>Load nodes of a real cluster, each with an actor system and sockets of its own.</summary>
[Collection(LoadCollection.Name)]
public sealed class LoadNodesTests : IAsyncLifetime, IDisposable
{
    private readonly TestCertificates _authority = new();
    private readonly ConcurrentQueue<string> _told = new();
    private LoadTarget _target = null!;

    public async Task InitializeAsync() => _target = await LoadTarget.StartAsync(_authority);

    public async Task DisposeAsync() => await _target.DisposeAsync();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task Nodes_share_a_run_and_its_counts_are_added()
    {
        IPEndPoint coordinator = FreeAddress();
        (LoadSettings settings, string[] texts) = Scenario("hold { mode = hold, sessions = 31, ramp = 0s, heartbeat = 1s }, steady { mode = steady, clients = 4, rate = 100/s }");
        var outcome = new LoadOutcome();
        var nodes = new ConcurrentDictionary<string, int>();

        Task run = new ClusterLoadRun(coordinator, 3, texts, _told.Enqueue).RunAsync(
            settings,
            sample =>
            {
                nodes.AddOrUpdate(sample.Node + " " + sample.Group, sample.OpenSessions, (_, before) => Math.Max(before, sample.OpenSessions));
                outcome.Add(sample);
            },
            default);
        Task first = LoadNode.RunAsync(coordinator, null, ownTarget: false, _ => { }, default);
        Task second = LoadNode.RunAsync(coordinator, null, ownTarget: false, _ => { }, default);
        await Task.WhenAll(run, first, second).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Empty(outcome.Errors);
        Assert.Equal(6, nodes.Count);
        Assert.Equal(31, nodes.Where(node => node.Key.EndsWith("hold", StringComparison.Ordinal)).Sum(node => node.Value));
        Assert.Equal(35, _target.Connections);
        // 100 a second, and a beat a second for each held session.
        Assert.InRange(outcome.Succeeded, 250, 400 + 31 * 5);
        Assert.True(outcome.Latency!.TotalCount == outcome.Succeeded);
        Assert.Contains("waiting for 2 more load nodes", _told.First(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_refuses_abuse_that_its_own_user_did_not_allow()
    {
        IPEndPoint coordinator = FreeAddress();
        (LoadSettings settings, string[] texts) = Scenario("abuse { mode = abuse, kind = silent, clients = 4 }", "https://192.0.2.1/", "own-target = on");

        Task run = new ClusterLoadRun(coordinator, 2, texts, _told.Enqueue).RunAsync(settings, _ => { }, default);
        Task node = LoadNode.RunAsync(coordinator, null, ownTarget: false, _ => { }, default);
        LoadException refused = await Assert.ThrowsAsync<LoadException>(() => run.WaitAsync(TimeSpan.FromSeconds(60)));
        await node.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Contains("--i-own-this-target", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_waits_for_nodes_can_be_ended()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        (LoadSettings settings, string[] texts) = Scenario("steady { mode = steady }");

        await new ClusterLoadRun(FreeAddress(), 2, texts, _told.Enqueue).RunAsync(settings, _ => Assert.Fail("nothing may run"), stop.Token).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.NotEmpty(_told);
    }

    private (LoadSettings Settings, string[] Texts) Scenario(string groups, string? target = null, string more = "")
    {
        string[] texts = [$"load {{ target = \"{target ?? _target.Address.ToString()}\", duration = 4s, groups {{ {groups} }} }}", $"load {{ {more} }}"];
        LoadedScenario loaded = LoadSettingsLoader.Load([.. texts.Select(text => new Actors443.Configuration.Hocon.HoconText("test", text))]);
        Assert.Empty(loaded.Problems);
        return (loaded.Settings!, texts);
    }

    private static IPEndPoint FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }
}
