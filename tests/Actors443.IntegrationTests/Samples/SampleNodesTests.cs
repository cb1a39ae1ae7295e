using System.Globalization;
using System.Text.Json;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Samples;

/// <summary>Samples on three nodes. One is killed only with ACTORS443_TEST_EVERY_STEP=1, for that takes half a minute each.</summary>
public sealed class SampleNodesTests
{
    private const int Devices = 30;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static bool KillsToo => Environment.GetEnvironmentVariable("ACTORS443_TEST_EVERY_STEP") is { Length: > 0 };

    [Fact]
    public async Task What_is_said_at_one_node_all_clients_of_all_nodes_hear()
    {
        await using var nodes = await SampleNodes.StartAsync("Chat", 3);
        var clients = new List<ChatClient>();
        try
        {
            foreach (string name in new[] { "alice", "bob", "carol", "dave", "erin", "frank" })
                clients.Add(await ChatClient.EnterAsync(nodes[clients.Count % 3], name));
            await clients[0].SayAsync("hello, all");
            foreach (ChatClient client in clients)
                Assert.Equal("hello, all", await client.HearAsync("alice"));

            if (!KillsToo)
                return;
            // With carol and frank; and it is the node that all others have joined.
            await nodes[0].KillAsync();
            foreach (ChatClient client in clients.Where((_, number) => number % 3 != 0))
                Assert.Equal("A server has gone, with 2 of us; there are 4 here now.", await client.HearAsync("", like: "server"));
            await clients[1].SayAsync("we are fewer");
            Assert.Equal("we are fewer", await clients[5].HearAsync("bob"));
            // Whoever comes back finds all that was said.
            using ChatClient again = await ChatClient.EnterAsync(nodes[2], "alice");
            Assert.Equal("hello, all", await again.HearAsync("alice"));
            Assert.Equal("we are fewer", await again.HearAsync("bob"));
        }
        finally
        {
            foreach (ChatClient client in clients)
                client.Dispose();
        }
    }

    [Fact]
    public async Task Devices_are_found_from_every_node_and_know_what_they_answered_when_one_is_killed()
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        await using var nodes = await SampleNodes.StartAsync("IotGateway", 3, $"--otlp={collector.Address}");
        HttpClient[] clients = [.. nodes.All.Select(node => node.CreateClient())];
        try
        {
            // Nodes take part one after the other.
            var homes = new HashSet<string>();
            int probes = 0;
            await Eventually.HoldsAsync(async () => homes.Add((await GetAsync(clients[probes % 3], $"probe-{probes++}")).Node) && homes.Count == 3, "devices live on all nodes", Patience);
            for (int device = 0; device < Devices; device++)
            {
                DeviceState reported = await PutAsync(clients[device % 3], device, device + 0.5);
                Assert.Equal((device + 0.5, 1), (reported.Last, reported.Readings));
                DeviceState seen = await GetAsync(clients[(device + 1) % 3], Name(device));
                Assert.Equal((device + 0.5, 1), (seen.Last, seen.Readings));
            }

            using HttpResponseMessage refused = await clients[1].PutAsync("devices/1", new StringContent("warm"));
            Assert.Equal(400, (int)refused.StatusCode);
            Assert.Contains("A reading is a number.", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);

            int visits = 0;
            await Eventually.HoldsAsync(
                async () =>
                {
                    // The first request of each connection.
                    using HttpClient visitor = nodes[0].CreateClient();
                    await GetAsync(visitor, Name(visits++ % Devices));
                    return FromAcceptToDevice(collector.Spans);
                },
                "a trace goes from the accept of a connection to a device in another process",
                Patience);

            if (KillsToo)
                await KillOneAsync(nodes, clients);
        }
        finally
        {
            foreach (HttpClient client in clients)
                client.Dispose();
        }
    }

    // Each the child of the one before it, and the last of another process.
    private static bool FromAcceptToDevice(IEnumerable<CollectedSpan> spans)
    {
        CollectedSpan[] all = [.. spans];
        ILookup<string, CollectedSpan> children = all.ToLookup(span => span.Trace + span.Parent);
        return all.Where(span => span.Name == "tls_handshake" && span.Parent.Length == 0).Any(handshake =>
            children[handshake.Trace + handshake.Id].Where(request => request.Process == handshake.Process).Any(request =>
                children[handshake.Trace + request.Id].Where(ask => ask.Name == "ask").Any(ask =>
                    children[handshake.Trace + ask.Id].Any(received => received.Name is "receive Look" or "receive Report" && received.Process != handshake.Process))));
    }

    /// <summary>Kills the oldest, which coordinates the others. No request for a device of another node may fail meanwhile.</summary>
    private static async Task KillOneAsync(SampleNodes nodes, HttpClient[] clients)
    {
        string killed = nodes.NameOf(0);
        DeviceState[] all = await Task.WhenAll(Enumerable.Range(0, Devices).Select(device => GetAsync(clients[0], Name(device))));
        int[] lost = [.. Enumerable.Range(0, Devices).Where(device => all[device].Node == killed)];
        int[] others = [.. Enumerable.Range(0, Devices).Except(lost)];
        int[] readings = [.. Enumerable.Repeat(1, Devices)];
        Assert.NotEmpty(lost);
        await nodes[0].KillAsync();

        Task<DeviceState?[]> moved = Task.WhenAll(lost.Select(device => FoundAgainAsync(clients[1 + (device % 2)], device)));
        int rounds = 0;
        for (; rounds < 1 || !moved.IsCompleted; rounds++)
        {
            foreach (int device in others)
            {
                DeviceState state = await PutAsync(clients[1 + ((device + rounds) % 2)], device, rounds);
                Assert.Equal((rounds, ++readings[device]), (state.Last, state.Readings));
            }
        }

        DeviceState?[] found = await moved;
        for (int number = 0; number < lost.Length; number++)
        {
            Assert.NotEqual(killed, found[number]!.Node);
            Assert.Equal((lost[number] + 0.5, 1), (found[number]!.Last, found[number]!.Readings));
            DeviceState next = await PutAsync(clients[1], lost[number], -1);
            Assert.Equal((-1, 2), (next.Last, next.Readings));
        }
    }

    private static async Task<DeviceState?> FoundAgainAsync(HttpClient http, int device)
    {
        DeviceState? found = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                using HttpResponseMessage answer = await http.GetAsync($"devices/{Name(device)}");
                found = answer.IsSuccessStatusCode ? Read(await answer.Content.ReadAsStringAsync()) : null;
                return found is not null;
            },
            $"device {device} goes on on another node",
            Patience);
        return found;
    }

    private static async Task<DeviceState> PutAsync(HttpClient http, int device, double reading)
    {
        using HttpResponseMessage answer = await http.PutAsync($"devices/{Name(device)}", new StringContent(reading.ToString(CultureInfo.InvariantCulture)));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return Read(text);
    }

    private static async Task<DeviceState> GetAsync(HttpClient http, string device) => Read(await http.GetStringAsync($"devices/{device}"));

    private static string Name(int device) => device.ToString(CultureInfo.InvariantCulture);

    private static DeviceState Read(string text) => JsonSerializer.Deserialize<DeviceState>(text, JsonSerializerOptions.Web)!;

    private sealed record DeviceState(string Device, double? Last, int Readings, string Node);
}
