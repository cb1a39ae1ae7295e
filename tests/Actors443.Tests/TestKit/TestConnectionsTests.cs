using System.Net;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Routing.Conversations;
using Actors443.Testing;
using Actors443.TestKit;
using Akka.Actor;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.TestKit;

/// <summary>Connections of the embedders' test kit, in an actor system that knows nothing of Actors443.</summary>
public sealed class TestConnectionsTests : Akka.TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly TestConnections _connections;

    public TestConnectionsTests()
    {
        _connections = new TestConnections(Sys, new Actors443Settings { Deadlines = new() { Handshake = TimeSpan.FromSeconds(10), Headers = TimeSpan.FromSeconds(5), Idle = TimeSpan.FromMinutes(1) } }, _time);
        Sys.EventStream.Subscribe(TestActor, typeof(Obituary));
    }

    [Fact]
    public async Task Facts_are_those_of_the_client()
    {
        using var certificates = new TestCertificates();
        var client = new TestClient { Remote = IPEndPoint.Parse("198.51.100.7:1234"), ServerName = "a.example", ApplicationProtocol = "h2", Resumed = true };

        DrivenConnection connection = await _connections.OpenAsync(client);

        ConnectionSnapshot facts = await connection.Actor.Ask<ConnectionSnapshot>(GetConnection.Instance, Patience);
        Assert.Equal(("198.51.100.7:1234", "a.example", "h2", true, ConnectionState.Open), (facts.Remote.ToString(), facts.ServerName, facts.ApplicationProtocol, facts.Resumed, facts.State));
        Assert.Equal([LifecycleEvent.Accepted, LifecycleEvent.ClientHelloRead, LifecycleEvent.HandshakeStarted, LifecycleEvent.HandshakeCompleted], connection.Events.Select(entry => entry.Kind));
    }

    [Fact]
    public async Task A_handshake_that_does_not_end_leaves_an_obituary()
    {
        DrivenConnection connection = await _connections.AcceptAsync();
        connection.StartHandshake();

        _time.Advance(TimeSpan.FromSeconds(11));

        Obituary obituary = ExpectMsg<Obituary>(Patience);
        Assert.Equal((connection.Id, CloseReason.HandshakeTimeout), (obituary.Id, obituary.Reason));
        await connection.ClosedAsync().WaitAsync(Patience);
    }

    [Fact]
    public async Task Headers_that_do_not_end_are_too_late()
    {
        DrivenConnection connection = await _connections.OpenAsync();
        connection.ReceiveBytes(10);

        _time.Advance(TimeSpan.FromSeconds(6));

        await connection.ClosedAsync().WaitAsync(Patience);
        Assert.Equal(CloseReason.HeadersTimeout, connection.Reason);
    }

    [Fact]
    public async Task A_drain_waits_for_the_request_in_flight()
    {
        DrivenConnection connection = await _connections.OpenAsync();
        IDisposable request = connection.BeginRequest();
        connection.Actor.Tell(new Drain());
        await Eventually.HoldsAsync(() => connection.IsCloseAsked, "the end is asked for");
        Assert.Equal(ConnectionState.Draining, connection.State);

        request.Dispose();

        await connection.ClosedAsync().WaitAsync(Patience);
        Assert.Equal(CloseReason.Drained, connection.Reason);
        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public async Task Close_is_seen_by_the_client()
    {
        TestConnection connection = await _connections.OpenProtocolAsync(TestActor, new TestClient { ApplicationProtocol = "test" });
        ExpectMsg<ProtocolOpened>(Patience);

        connection.Actor.Tell(new Close(Detail: "by hand"));

        await Assert.ThrowsAnyAsync<IOException>(() => connection.Stream.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Patience));
        await connection.ClosedAsync().WaitAsync(Patience);
        Assert.Equal((CloseReason.ClosedByRequest, "by hand"), (connection.Reason, connection.ReasonDetail));
        Assert.Equal(CloseReason.ClosedByRequest, ExpectMsg<ProtocolClosed>(Patience).Reason);
    }

    [Fact]
    public async Task A_protocol_is_read_as_it_is_asked_for_and_ends_in_order()
    {
        TestConnection connection = await _connections.OpenProtocolAsync(TestActor, new TestClient { ApplicationProtocol = "test" });
        ProtocolConnection conversation = ExpectMsg<ProtocolOpened>(Patience).Connection;
        await connection.Stream.WriteAsync(new byte[50_000]);
        connection.EndOutput();
        int received = 0;
        while (received < 50_000)
        {
            conversation.Read();
            received += ExpectMsg<BytesReceived>(Patience).Bytes.Length;
        }

        conversation.Read();
        ExpectMsg<InputEnded>(Patience);
        conversation.Write("bye"u8.ToArray());
        conversation.Close();

        using var said = new MemoryStream();
        await connection.Stream.CopyToAsync(said).WaitAsync(Patience);
        Assert.Equal("bye"u8.ToArray(), said.ToArray());
        Assert.Equal(CloseReason.ServerClosed, ExpectMsg<ProtocolClosed>(Patience).Reason);
        Assert.Equal((50_000, 3), (connection.Snapshot.BytesRead, connection.Snapshot.BytesWritten));
    }

    [Fact]
    public async Task A_client_that_resets_is_one_that_was_cut_off()
    {
        TestConnection connection = await _connections.OpenProtocolAsync(TestActor, new TestClient { ApplicationProtocol = "test" });
        ExpectMsg<ProtocolOpened>(Patience).Connection.Read();

        connection.Reset();

        FishForMessage(message => message is ProtocolClosed { Reason: CloseReason.ClientReset }, Patience);
        await connection.ClosedAsync().WaitAsync(Patience);
    }

    [Fact]
    public async Task An_actor_that_is_killed_takes_its_connection_along()
    {
        DrivenConnection connection = await _connections.OpenAsync();

        connection.Actor.Tell(Kill.Instance);

        await connection.ClosedAsync().WaitAsync(Patience);
        Assert.Equal(CloseReason.ActorFailed, ExpectMsg<Obituary>(Patience).Reason);
    }
}
