using System.Collections.Concurrent;
using Actors443.Connections;
using Actors443.Hosting;
using Actors443.Testing;
using Akka.Actor;
using Microsoft.AspNetCore.Builder;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>An actor of the application is told of connections, and acts on them.</summary>
public sealed class ConnectionObserverTests
{
    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task An_observer_is_told_of_each_connection_that_opens_and_ends(string engine)
    {
        var told = new ConcurrentQueue<object>();
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application => application.MapGet("/", () => "hello"));
        int port = host.Https.Port;
        await using (TlsClient before = await TlsClient.ConnectAsync(port))
            await before.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        IActorRef observer = host.System.ActorOf(Props.Create(() => new Observer(told)));
        await host.System.ObserveConnectionsAsync(observer);

        await using TlsClient first = await TlsClient.ConnectAsync(port);
        await Eventually.HoldsAsync(() => told.OfType<ConnectionOpened>().Count() == 1, "the first is told of");
        ConnectionOpened opened = told.OfType<ConnectionOpened>().Single();
        Assert.Equal((first.Local.ToString(), "localhost"), (opened.Facts.Remote.ToString(), opened.Facts.ServerName));
        Assert.Equal(opened.Facts.Id, (await opened.Connection.Ask<ConnectionSnapshot>(GetConnection.Instance, TimeSpan.FromSeconds(10))).Id);

        opened.Connection.Tell(new Close(CloseReason.ClosedByRequest, "not today"), ActorRefs.NoSender);
        await Eventually.HoldsAsync(() => told.OfType<ConnectionClosed>().Any(), "its end is told");
        ConnectionClosed closed = told.OfType<ConnectionClosed>().Single();
        Assert.Equal((opened.Connection, CloseReason.ClosedByRequest, "not today"), (closed.Connection, closed.Reason, closed.Detail));

        await observer.GracefulStop(TimeSpan.FromSeconds(10));
        await Eventually.HoldsAsync(
            async () =>
            {
                await using TlsClient late = await TlsClient.ConnectAsync(port);
                await late.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
                await late.ReadAnswerAsync();
                return told.Count == 2;
            },
            "nobody is told any more");
    }

    [Fact]
    public async Task Of_a_crowd_each_is_told_once()
    {
        const int Count = 300;
        var told = new ConcurrentQueue<object>();
        await using EmbeddedHost host = await EmbeddedHost.StartAsync("auto", application => application.MapGet("/", () => "hello"));
        await host.System.ObserveConnectionsAsync(host.System.ActorOf(Props.Create(() => new Observer(told))));
        int port = host.Https.Port;

        await Parallel.ForEachAsync(Enumerable.Range(0, Count), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (_, _) =>
        {
            await using TlsClient client = await TlsClient.ConnectAsync(port);
            await client.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            await client.ReadAnswerAsync();
        });

        await Eventually.HoldsAsync(() => told.OfType<ConnectionClosed>().Count() == Count, "the end of each is told");
        Assert.Equal(Count, told.OfType<ConnectionOpened>().Select(opened => opened.Facts.Id).Distinct().Count());
        Assert.Equal(2 * Count, told.Count);
    }

    private sealed class Observer : ReceiveActor
    {
        public Observer(ConcurrentQueue<object> told) => ReceiveAny(told.Enqueue);
    }
}
