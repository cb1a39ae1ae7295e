using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using Actors443.Server.Admin;
using Actors443.Server.Applying;
using Actors443.Server.Applying.Planning;
using Actors443.Testing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Xunit.Abstractions;

namespace Actors443.IntegrationTests.Reload;

/// <summary>WebSockets to an upstream, through configurations that do not concern them: few, or <c>ACTORS443_TEST_WEBSOCKETS</c> through <c>ACTORS443_TEST_APPLIES</c>.</summary>
public sealed class HeldConnectionsTests(ITestOutputHelper output)
{
    private static int WebSockets { get; } = Number("ACTORS443_TEST_WEBSOCKETS", 200);

    private static int Applies { get; } = Number("ACTORS443_TEST_APPLIES", 10);

    [Fact]
    public async Task Every_web_socket_stays_open_through_configurations_that_do_not_concern_it()
    {
        await using Upstream upstream = await Upstream.StartAsync(
            async context =>
            {
                using WebSocket peer = await context.WebSockets.AcceptWebSocketAsync();
                byte[] word = new byte[16];
                while (await peer.ReceiveAsync(word, context.RequestAborted) is { MessageType: not WebSocketMessageType.Close } received)
                    await peer.SendAsync(word.AsMemory(0, received.Count), received.MessageType, true, context.RequestAborted);
            },
            // So that the server needs no descriptor for each of them a second time.
            HttpProtocols.Http2);
        string Hocon(int step) => $$"""
            actors443 {
              sites {
                localhost { proxy = "{{upstream.Address}}", http-version = "2" }
                "other.test" { respond = "{{step}}", compression = {{(step % 3 == 0 ? "on" : "off")}} }
                "site-{{step % 4}}.test" { proxy = "http://127.0.0.1:{{1000 + step}}" }
              }
              https.tls = {{(step % 2 == 0 ? "modern" : "intermediate")}}
              admission.per-client.connections = {{500 + step}}
              deadlines.idle = {{60 + step}}s
              tunnels.accounts."account-{{step % 5}}" { token-hash = "sha256:{{new string((char)('0' + step % 10), 64)}}", allow = ["*:443"] }
              routes = [ { name = led, sni = ["led-{{step % 3}}.test"], to = "127.0.0.1:{{2000 + step}}" } ]
              drain.deadline = {{10 + step}}s
            }
            """;
        await using ConfigurationFixture fixture = await ConfigurationFixture.StartAsync(Hocon(0), "admission.maximum-connections=15000", "admission.load.thread-pool-delay.shed=off");
        await using var sockets = new HeldWebSockets();
        await sockets.OpenAsync(new Uri($"wss://localhost:{fixture.Server.HttpsPort}/"), WebSockets);
        using AdminClient admin = fixture.Admin;
        admin.Patience = TimeSpan.FromMinutes(2);
        long start = Stopwatch.GetTimestamp();

        for (int step = 1; step <= Applies; step++)
        {
            ConfigurationCandidate candidate = ConfigurationFixture.Candidate(Hocon(step));
            PlanReport plan = await admin.PlanAsync(candidate, CancellationToken.None);
            Assert.Equal((WebSockets, 0), (plan.Connections, plan.Drained));
            AppliedReport applied = await admin.ApplyAsync(plan.Plan, candidate, CancellationToken.None);
            Assert.Equal((true, 0, step + 1), (applied.Changed, applied.Drained, applied.Running.Generation));
        }

        output.WriteLine($"{Applies} plans and applies in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s beside {WebSockets} WebSockets");
        Assert.Equal(0, sockets.Ended);
        Assert.Equal(WebSockets, await sockets.EchoAsync());
    }

    private static int Number(string variable, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : otherwise;
}
