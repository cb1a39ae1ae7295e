using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Actors443.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Samples;

/// <summary>Each sample, started as its README says.</summary>
public sealed class SampleTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Chat_tells_all_what_one_says_and_those_who_come_later_what_was_said()
    {
        await using SampleProcess chat = await SampleProcess.StartAsync("Chat");
        using HttpClient http = chat.CreateClient();
        Assert.Contains("<title>Chat</title>", await http.GetStringAsync(""), StringComparison.Ordinal);

        using ClientWebSocket alice = await EnterAsync(chat, "alice");
        using ClientWebSocket bob = await EnterAsync(chat, "bob");
        Assert.Equal("bob has come; there are 2 here now.", await HearAsync(alice, from: "", like: "bob"));
        await alice.SendAsync("hello, bob"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);

        Assert.Equal("hello, bob", await HearAsync(bob, from: "alice"));
        Assert.Equal("hello, bob", await HearAsync(alice, from: "alice"));
        using ClientWebSocket carol = await EnterAsync(chat, "carol");
        Assert.Equal("hello, bob", await HearAsync(carol, from: "alice"));
        await bob.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        Assert.Equal("bob has gone; there are 2 here now.", await HearAsync(carol, from: "", like: "gone"));
    }

    [Fact]
    public async Task IotGateway_finds_a_device_from_every_node()
    {
        string first = FreePort.Next().ToString(CultureInfo.InvariantCulture);
        string second = FreePort.Next().ToString(CultureInfo.InvariantCulture);
        await using SampleProcess a = await SampleProcess.StartAsync("IotGateway", $"--node:port={first}", $"--node:seed=127.0.0.1:{first}");
        await using SampleProcess b = await SampleProcess.StartAsync("IotGateway", $"--node:port={second}", $"--node:seed=127.0.0.1:{first}");
        using HttpClient onA = a.CreateClient();
        using HttpClient onB = b.CreateClient();
        foreach (HttpClient http in new[] { onA, onB })
            await Eventually.HoldsAsync(async () => await http.GetStringAsync("nodes") == "2", "both nodes are in the cluster", Patience);

        var nodes = new HashSet<string>();
        for (int device = 0; device < 20; device++)
        {
            using JsonDocument reported = JsonDocument.Parse(await PutAsync(onA, device, $"{device}.5"));
            using JsonDocument seen = JsonDocument.Parse(await onB.GetStringAsync($"devices/{device}"));
            Assert.Equal(device + 0.5, seen.RootElement.GetProperty("last").GetDouble());
            Assert.Equal(reported.RootElement.GetRawText(), seen.RootElement.GetRawText());
            nodes.Add(seen.RootElement.GetProperty("node").GetString()!);
        }

        Assert.Equal(new HashSet<string> { $"127.0.0.1:{first}", $"127.0.0.1:{second}" }, nodes);
        using HttpResponseMessage refused = await onB.PutAsync("devices/1", new StringContent("warm"));
        Assert.Equal(400, (int)refused.StatusCode);
        Assert.Contains("A reading is a number.", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        static async Task<string> PutAsync(HttpClient http, int device, string reading)
        {
            // The first waits until the region has found its coordinator.
            using HttpResponseMessage answer = await http.PutAsync($"devices/{device}", new StringContent(reading));
            string text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.IsSuccessStatusCode, text);
            return text;
        }
    }

    [Fact]
    public async Task ReverseProxy_passes_on_what_it_is_asked_and_says_so_when_nobody_is_behind()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        await using WebApplication backend = builder.Build();
        backend.Urls.Add("http://127.0.0.1:0");
        backend.MapGet("/orders/{id}", (string id, HttpContext context) => $"order {id} for {context.Request.Headers["X-Forwarded-Proto"]}");
        await backend.StartAsync();
        string address = backend.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        await using SampleProcess proxy = await SampleProcess.StartAsync("ReverseProxy", $"--ReverseProxy:Clusters:backend:Destinations:one:Address={address}");
        using HttpClient http = proxy.CreateClient();

        Assert.Equal("order 7 for https", await http.GetStringAsync("orders/7"));
        await backend.StopAsync();
        using HttpResponseMessage alone = await http.GetAsync("orders/7");
        Assert.Equal(502, (int)alone.StatusCode);
    }

    private static async Task<ClientWebSocket> EnterAsync(SampleProcess chat, string name)
    {
        var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(new Uri($"wss://localhost:{chat.Port}/room?name={name}"), patience.Token);
        return socket;
    }

    /// <summary>The next that somebody says; before, whatever others do.</summary>
    private static async Task<string> HearAsync(ClientWebSocket socket, string from, string like = "")
    {
        byte[] buffer = new byte[4096];
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, patience.Token);
            using JsonDocument message = JsonDocument.Parse(Encoding.UTF8.GetString(buffer, 0, received.Count));
            if (message.RootElement.GetProperty("from").GetString() == from && message.RootElement.GetProperty("text").GetString()!.Contains(like, StringComparison.Ordinal))
                return message.RootElement.GetProperty("text").GetString()!;
        }
    }
}
