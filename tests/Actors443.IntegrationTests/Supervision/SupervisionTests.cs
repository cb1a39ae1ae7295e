using System.Net;
using System.Net.Sockets;
using Actors443.Connections;
using Actors443.Listening;
using Actors443.Supervision;
using Actors443.Testing;
using Akka.Actor;

namespace Actors443.IntegrationTests.Supervision;

public sealed class SupervisionTests : IAsyncLifetime
{
    private const string Hello = """
        actors443.sites."*" { routes = [ { path = "/*", respond { status = 200, type = "text/plain", body = "Hello" } } ] }
        """;

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartAsync(Hello);

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_connection_actor_that_fails_closes_its_connection_alone()
    {
        using HttpClient victim = _server.CreateClient();
        await victim.GetStringAsync("/");
        ConnectionSnapshot victimConnection = Assert.Single(await _server.ConnectionsAsync());
        using HttpClient neighbour = _server.CreateClient();
        await neighbour.GetStringAsync("/");
        string neighbourId = (await _server.ConnectionsAsync()).Single(connection => connection.Id != victimConnection.Id).Id;

        Assert.True(await _server.Supervisor.Ask<bool>(new TellConnection(victimConnection.Id, Kill.Instance), TimeSpan.FromSeconds(5)));

        await Eventually.HoldsAsync(async () => (await _server.ConnectionsAsync()).All(connection => connection.Id != victimConnection.Id), "the failed actor's connection is gone");
        await neighbour.GetStringAsync("/");
        Assert.Equal(neighbourId, Assert.Single(await _server.ConnectionsAsync()).Id);
        await Eventually.HoldsAsync(
            async () => (await _server.ObituariesAsync()).Any(obituary => obituary.Id == victimConnection.Id && obituary.Reason == CloseReason.ActorFailed),
            "the supervisor filed an obituary");
    }

    [Theory]
    [InlineData("certificates/files")]
    [InlineData("certificates/local-ca")]
    [InlineData("certificates")]
    [InlineData("admission")]
    [InlineData("directory")]
    public async Task A_part_that_fails_is_restarted_while_the_server_serves_on(string path)
    {
        using HttpClient client = _server.CreateClient();
        IActorRef before = await FindAsync(path);

        before.Tell(Kill.Instance);

        using HttpClient newcomer = _server.CreateClient();
        Assert.Equal("Hello", await newcomer.GetStringAsync("/"));
        Assert.Equal("Hello", await client.GetStringAsync("/"));
        Assert.Equal(before.Path, (await FindAsync(path)).Path);
        Assert.True(_server.Environment.Certificates.Current.Certificates.Count > 0);
    }

    [Theory]
    [InlineData("listeners")]
    [InlineData("listeners/https")]
    [InlineData("listeners/https/acceptor")]
    [InlineData("drain")]
    public async Task A_part_above_the_connections_that_fails_goes_on_with_them(string path)
    {
        await using RunningServer server = await RunningServer.StartAsync(Hello);
        using HttpClient client = server.CreateClient();
        await client.GetStringAsync("/");
        string connection = Assert.Single(await server.ConnectionsAsync()).Id;
        IActorRef part = await server.System.ActorSelection($"/user/{ActorNames.Root}/{path}").ResolveOne(TimeSpan.FromSeconds(5));

        part.Tell(Kill.Instance);

        await client.GetStringAsync("/");
        Assert.Equal(connection, Assert.Single(await server.ConnectionsAsync()).Id);
        using HttpClient newcomer = server.CreateClient();
        Assert.Equal("Hello", await newcomer.GetStringAsync("/"));
        Assert.Equal(2, (await server.ConnectionsAsync()).Count);
        Assert.Empty(server.Environment.Lifecycle.ListenersDown);
        // Its deadlines are still watched, and it is drained in order.
        await server.System.Terminate().WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_listener_that_fails_binds_the_same_port_again_and_its_open_connections_do_not_notice()
    {
        using HttpClient client = _server.CreateClient(HttpVersion.Version20);
        await client.GetStringAsync("/");
        string connection = Assert.Single(await _server.ConnectionsAsync()).Id;
        string listener = Assert.Single(await _server.ConnectionsAsync()).Listener;

        (await FindAsync($"listeners/{listener}/acceptor")).Tell(new AcceptingFailed(new SocketException((int)SocketError.NotSocket)));
        await Eventually.HoldsAsync(() => _server.Environment.Lifecycle.ListenersDown.Count == 1, "the listener is down");

        await client.GetStringAsync("/");
        Assert.Equal(connection, Assert.Single(await _server.ConnectionsAsync()).Id);
        await Eventually.HoldsAsync(() => _server.Environment.Lifecycle.ListenersDown.Count == 0, "the listener is up again");
        using HttpClient newcomer = _server.CreateClient();
        Assert.Equal("Hello", await newcomer.GetStringAsync("/"));
        Assert.Equal(2, (await _server.ConnectionsAsync()).Count);
    }

    [Fact]
    public async Task Any_holder_of_the_reference_can_close_a_connection()
    {
        using HttpClient client = _server.CreateClient();
        await client.GetStringAsync("/");
        string id = Assert.Single(await _server.ConnectionsAsync()).Id;

        Assert.True(await _server.Supervisor.Ask<bool>(new TellConnection(id, new Close(Detail: "test")), TimeSpan.FromSeconds(5)));

        await Eventually.HoldsAsync(async () => (await _server.ConnectionsAsync()).Count == 0, "the connection is closed");
    }

    private async Task<IActorRef> FindAsync(string path) =>
        await _server.System.ActorSelection($"/user/{ActorNames.Root}/{path}").ResolveOne(TimeSpan.FromSeconds(5));
}
