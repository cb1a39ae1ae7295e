using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.IntegrationTests.Engine;
using Actors443.Routing.Conversations;
using Actors443.Testing;
using Akka.Actor;
using Akka.Hosting;

namespace Actors443.IntegrationTests.Routing;

public sealed class PortableConversationSpecs() : ConversationSpecs(EngineKind.Portable);

public sealed class EventLoopConversationSpecs() : ConversationSpecs(EngineKind.EventLoop);

/// <summary>A protocol that an actor of the application speaks.</summary>
public abstract class ConversationSpecs(EngineKind kind)
{
    private static readonly SslApplicationProtocol Chat = new("chat");

    private readonly ConcurrentQueue<object> _told = new();

    [Fact]
    public async Task An_actor_hears_what_it_asks_for_and_answers_and_HTTP_is_served_beside()
    {
        EngineHost host = await StartAsync(told =>
        {
            if (told is ProtocolOpened opened)
                opened.Connection.Read();
            if (told is InputEnded ended)
                ended.Connection.Close();
            if (told is not BytesReceived received)
                return;
            received.Connection.Write(received.Bytes, "written");
            received.Connection.Read();
        });
        await using (TlsClient client = await ConnectAsync(host, "chat.test"))
        {
            Assert.Equal(Chat, client.Stream.NegotiatedApplicationProtocol);
            foreach (string said in (string[])["hello", "again"])
            {
                await client.SendAsync(said);
                Assert.Equal(said, System.Text.Encoding.ASCII.GetString(await RoutingHost.ReadAsync(client.Stream, said.Length)));
            }

            ProtocolConnection connection = _told.OfType<ProtocolOpened>().Single().Connection;
            ConnectionSnapshot shown = Assert.Single(await host.ConnectionsAsync());
            Assert.Equal((ConnectionState.Upgraded, "chat", shown.Id, client.Local, "chat.test"), (shown.State, shown.ApplicationProtocol, connection.Id, connection.Remote, connection.ServerName));
            await Eventually.HoldsAsync(() => _told.OfType<BytesWritten>().Count() == 2, "both answers are acknowledged");
        }

        await Eventually.HoldsAsync(() => _told.OfType<ProtocolClosed>().Any(), "it is told of the end");
        await using (TlsClient http = await TlsClient.ConnectAsync(host.Port))
            Assert.Equal(200, (await http.GetAsync()).Status);
        await host.EndAsync();
    }

    [Fact]
    public async Task What_is_not_asked_for_is_not_read_and_all_arrives_in_its_order()
    {
        const int length = 12_000_000;
        var conversation = new TaskCompletionSource<ProtocolConnection>();
        var all = new MemoryStream();
        EngineHost host = await StartAsync(told =>
        {
            switch (told)
            {
                case ProtocolOpened opened:
                    conversation.SetResult(opened.Connection);
                    break;
                case BytesReceived received:
                    all.Write(received.Bytes.Span);
                    received.Connection.Read();
                    break;
                case InputEnded ended:
                    byte[] hash = SHA256.HashData(all.ToArray());
                    ended.Connection.Write(hash.AsMemory(0, 16));
                    ended.Connection.Write(hash.AsMemory(16), "rest");
                    break;
                case BytesWritten written:
                    written.Connection.EndOutput();
                    break;
            }
        });
        await using TlsClient client = await ConnectAsync(host);
        Task sending = SendAsync();
        ProtocolConnection connection = await conversation.Task;
        long before = -1;
        await Eventually.HoldsAsync(
            async () =>
            {
                long now = (await host.ConnectionsAsync()).Sum(one => one.BytesRead);
                bool still = now == before;
                before = now;
                return still;
            },
            "the server reads no more",
            TimeSpan.FromSeconds(60));
        Assert.InRange(before, 0, length / 2);
        Assert.DoesNotContain(_told, told => told is BytesReceived);
        connection.Read(2);

        using var noise = new NoiseStream(length);
        Assert.Equal(await SHA256.HashDataAsync(noise), await RoutingHost.ReadToEndAsync(client.Stream));
        await sending;
        await Eventually.HoldsAsync(() => _told.LastOrDefault() is ProtocolClosed { Reason: CloseReason.ServerClosed or CloseReason.ClientClosed }, "it is over in order");
        Assert.True(_told.OfType<BytesReceived>().All(received => received.Bytes.Length is > 0 and <= 32 * 1024));
        await client.DisposeAsync();
        await host.EndAsync();

        async Task SendAsync()
        {
            await NoiseStream.WriteAsync(client.Stream, length, CancellationToken.None);
            await client.Stream.ShutdownAsync();
        }
    }

    [Fact]
    public async Task A_conversation_can_be_handed_on_and_ends_with_its_actor()
    {
        IActorRef? child = null;
        EngineHost host = await StartAsync(
            told =>
            {
                if (told is ProtocolOpened opened)
                {
                    opened.Connection.HandTo(child!);
                    opened.Connection.Read();
                }
            },
            akka => akka.WithActors((system, _) => child = system.ActorOf(Props.Create<Failing>())));
        await using TlsClient client = await ConnectAsync(host);
        await client.SendAsync("a word to the child");

        Assert.True(await RoutingHost.IsResetAsync(client.Stream));
        await host.AwaitObituaryAsync(obituary => obituary is { Reason: CloseReason.ActorFailed, Detail: "the actor of its protocol has ended" });
        Assert.DoesNotContain(_told, told => told is BytesReceived);
        await host.EndAsync();
    }

    [Fact]
    public async Task Close_and_abort_idle_and_drain()
    {
        EngineHost host = await StartAsync(
            told =>
            {
                switch (told)
                {
                    case ProtocolOpened opened:
                        opened.Connection.Read();
                        break;
                    case BytesReceived { Bytes.Length: 1 } close:
                        close.Connection.Write("bye"u8.ToArray());
                        close.Connection.Close();
                        break;
                    case BytesReceived { Bytes.Length: 2 } abort:
                        abort.Connection.Abort("enough");
                        break;
                    case ProtocolDraining draining:
                        draining.Connection.Write("drained"u8.ToArray());
                        draining.Connection.Close();
                        break;
                }
            },
            idle: TimeSpan.FromSeconds(3));
        await using (TlsClient client = await ConnectAsync(host))
        {
            await client.SendAsync("1");
            Assert.Equal("bye"u8.ToArray(), await RoutingHost.ReadToEndAsync(client.Stream));
        }

        await using (TlsClient client = await ConnectAsync(host))
        {
            await client.SendAsync("12");
            Assert.True(await RoutingHost.IsResetAsync(client.Stream));
            await host.AwaitObituaryAsync(obituary => obituary is { Reason: CloseReason.AbortedByApplication, Detail: "enough" });
        }

        await using (TlsClient client = await ConnectAsync(host))
        {
            await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Any(one => one.State == ConnectionState.Upgraded), "it is open");
            host.Tell((await host.ConnectionsAsync()).Single(one => one.State == ConnectionState.Upgraded).Id, new Drain(TimeSpan.FromMinutes(5)));
            Assert.Equal("drained"u8.ToArray(), await RoutingHost.ReadToEndAsync(client.Stream));
        }

        await using (TlsClient client = await ConnectAsync(host))
        {
            Assert.Empty(await RoutingHost.ReadToEndAsync(client.Stream));
            await Eventually.HoldsAsync(() => _told.LastOrDefault() is ProtocolClosed { Reason: CloseReason.IdleTimeout }, "it was idle");
        }

        await host.EndAsync();
    }

    [Fact]
    public async Task Without_its_actor_it_is_cut_off_and_wrong_names_are_refused()
    {
        EngineHost host = await EngineHost.StartAsync(kind, options: options => options.MapProtocol<Speaker>("chat"));
        await using (TlsClient client = await ConnectAsync(host))
            Assert.True(await client.EndsAsync());
        await host.AwaitObituaryAsync(obituary => obituary is { Reason: CloseReason.ActorFailed, Detail: "no actor is registered as Speaker" });
        await host.EndAsync();

        foreach ((string name, string said) in ((string, string)[])[("h2", "is served here"), ("a b", "is no name of a protocol")])
            Assert.Contains(said, (await Assert.ThrowsAsync<ArgumentException>(() => EngineHost.StartAsync(kind, options: options => options.MapProtocol<Speaker>(name)))).Message, StringComparison.Ordinal);
    }

    private static Task<TlsClient> ConnectAsync(EngineHost host, string name = "localhost") => TlsClient.ConnectAsync(host.Port, name, configure: options => options.ApplicationProtocols = [Chat]);

    private Task<EngineHost> StartAsync(Action<object> speak, Action<AkkaConfigurationBuilder>? akka = null, TimeSpan? idle = null) => EngineHost.StartAsync(
        kind,
        options: options => options.MapProtocol<Speaker>("chat", idle),
        akka: builder =>
        {
            akka?.Invoke(builder);
            builder.WithActors((system, registry) => registry.Register<Speaker>(system.ActorOf(Props.Create<Speaker>(speak, _told))));
        });

    private sealed class Speaker : ReceiveActor
    {
        public Speaker(Action<object> speak, ConcurrentQueue<object> told)
        {
            ReceiveAny(message =>
            {
                told.Enqueue(message);
                speak(message);
            });
        }
    }

    private sealed class Failing : ReceiveActor
    {
        public Failing()
        {
            Receive<BytesReceived>(_ => Context.Stop(Self));
        }
    }
}
