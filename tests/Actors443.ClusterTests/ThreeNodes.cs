using Actors443.Testing;

namespace Actors443.ClusterTests;

/// <summary>Three nodes for the tests of a class. What a test does to them, it undoes.</summary>
public sealed class ThreeNodes : IAsyncLifetime
{
    internal ClusterOfServers Cluster { get; private set; } = null!;

    public async Task InitializeAsync() => Cluster = await ClusterOfServers.StartAsync(3);

    public Task DisposeAsync() => Cluster.DisposeAsync().AsTask();
}
