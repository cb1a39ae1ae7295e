using System.Diagnostics.Metrics;
using System.Text;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Engine;

/// <summary>Connections that are open and have not asked for anything: with the event-loop engine Kestrel does not know of them, and they end as all others do.</summary>
public sealed class UnaskedConnectionTests
{
    [Fact]
    public async Task Kestrel_learns_of_a_connection_with_its_first_byte()
    {
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop);
        int known = 0;
        using var listener = new MeterListener();
        Meter kestrel = host.Services.GetRequiredService<IMeterFactory>().Create("Microsoft.AspNetCore.Server.Kestrel");
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "kestrel.active_connections" && instrument.Meter == kestrel)
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref known, (int)value));
        listener.Start();
        await using TlsClient idle = await TlsClient.ConnectAsync(host.Port);
        await using TlsClient asking = await TlsClient.ConnectAsync(host.Port);

        await asking.SendAsync("G");
        await Eventually.HoldsAsync(() => Volatile.Read(ref known) == 1, "Kestrel knows one of them");
        await asking.SendAsync("ET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await asking.ReadAnswerAsync()).Status);
        Assert.Equal(1, known);
        Assert.Equal(2, (await host.ConnectionsAsync()).Count(connection => connection.State == ConnectionState.Open));

        Assert.Equal(200, (await idle.GetAsync()).Status);
        Assert.Equal(2, known);
    }

    [Fact]
    public async Task It_is_reset_when_its_actor_is_told_to_close()
    {
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop);
        await using TlsClient client = await TlsClient.ConnectAsync(host.Port);
        ConnectionSnapshot[] open = [];
        await Eventually.HoldsAsync(async () => (open = [.. (await host.ConnectionsAsync()).Where(connection => connection.State == ConnectionState.Open)]).Length == 1, "it is open");

        host.Tell(open[0].Id, new Close(CloseReason.ClosedByRequest, "not today"));

        Assert.True(await client.EndsAsync());
        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Count == 0, "its actor has gone");
    }

    [Fact]
    public async Task It_is_closed_in_order_when_the_server_stops()
    {
        EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop);
        await using TlsClient client = await TlsClient.ConnectAsync(host.Port);
        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Any(connection => connection.State == ConnectionState.Open), "it is open");

        Task ended = host.EndAsync();

        Assert.Equal(0, await client.Stream.ReadAsync(new byte[1]));
        await ended;
    }

    [Fact]
    public async Task Requests_that_meet_its_end_are_answered_or_the_end_is_in_order()
    {
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop, settings => settings with { Deadlines = settings.Deadlines with { Idle = TimeSpan.FromMilliseconds(700) } });
        // One after the other, so that they end one after the other.
        var clients = new List<TlsClient>();
        while (clients.Count < 60)
            clients.Add(await TlsClient.ConnectAsync(host.Port));
        Assert.Equal(0, await clients[0].Stream.ReadAsync(new byte[1]));

        string[] answers = await Task.WhenAll(clients.Skip(1).Select(async client =>
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            byte[] answer = new byte[4_096];
            int count = await client.Stream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false);
            return Encoding.ASCII.GetString(answer, 0, count);
        }));

        Assert.All(answers, answer => Assert.True(answer.Length == 0 || answer.Contains("Hello", StringComparison.Ordinal), answer));
        foreach (TlsClient client in clients)
            await client.DisposeAsync();
    }
}
