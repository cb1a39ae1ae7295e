using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Actors443.Connections;
using Actors443.Testing;
using Akka.Actor;

namespace Actors443.IntegrationTests.Connections;

/// <summary>Many connections at once: which actor owns which must never depend on how their beginnings interleave.</summary>
public sealed class OwnershipTests : IAsyncLifetime
{
    private const int Count = 400;

    private readonly SslStream[] _clients = new SslStream[Count];
    private RunningServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await RunningServer.StartAsync();
        await Parallel.ForEachAsync(Enumerable.Range(0, Count), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, stop) => _clients[i] = await ConnectAsync(stop));
        await Eventually.HoldsAsync(async () => (await _server.ConnectionsAsync()).Count(connection => connection.State == ConnectionState.Open) == Count, "every connection is open");
    }

    public async Task DisposeAsync()
    {
        foreach (SslStream client in _clients)
            await client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Every_connection_opened_in_a_crowd_has_the_actor_that_answers_for_it()
    {
        using Inbox inbox = Inbox.Create(_server.System);
        _server.System.ActorSelection("/user/actors443/listeners/*/loop-*/*").Tell(GetConnection.Instance, inbox.Receiver);
        var answered = new HashSet<string>();
        for (int i = 0; i < Count; i++)
        {
            ConnectionSnapshot snapshot = Assert.IsType<ConnectionSnapshot>(await inbox.ReceiveAsync(TimeSpan.FromSeconds(10)));
            Assert.True(answered.Add(snapshot.Id), $"two actors answer for {snapshot.Id}");
        }

        Assert.Equal((await _server.ConnectionsAsync()).Select(connection => connection.Id).Order(), answered.Order());
    }

    [Fact]
    public async Task A_drain_says_goodbye_to_every_connection_of_a_crowd()
    {
        Task<int>[] ends = [.. _clients.Select(client => client.ReadAsync(new byte[1]).AsTask())];

        await _server.StopAsync();

        // Zero bytes are a close_notify; without one the read fails.
        Assert.All(await Task.WhenAll(ends), read => Assert.Equal(0, read));
    }

    private async Task<SslStream> ConnectAsync(CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _server.HttpsPort, stop);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, certificate, _, _) => _server.Trusts(certificate) }, stop);
        return stream;
    }
}
