using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Actors443.IntegrationTests.Embedding;
using Actors443.Testing;
using Xunit.Abstractions;

namespace Actors443.IntegrationTests.Samples;

/// <summary>What becomes of sessions when a node is killed (docs/embedding.md): of those that live there, and of those whose connection came by it. Half a minute, and so only with ACTORS443_TEST_EVERY_STEP=1.</summary>
public sealed class SessionNodesTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // That is looked at. Not on the node that is killed.
    private string _device = "";

    [SkippableFact]
    public async Task Sessions_of_a_node_that_is_killed_are_said_to_be_lost_and_all_others_go_on()
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("ACTORS443_TEST_EVERY_STEP") == "1", "set ACTORS443_TEST_EVERY_STEP=1 to run it");
        await using var nodes = await SampleNodes.StartAsync("IotGateway", 3);
        // The oldest, which says where sessions live.
        string killed = nodes.NameOf(0);
        using (HttpClient http = nodes[0].CreateClient())
        {
            int number = 0;
            await Eventually.HoldsAsync(async () => await NodeOfAsync(http, _device = $"{++number}") is { } node && node != killed, "a device lives on another node", Patience);
        }

        var sessions = new List<Session>();
        try
        {
            await Eventually.HoldsAsync(
                async () =>
                {
                    int by = sessions.Count % 2;
                    if (await TryComeAsync(nodes, by, "/watch") is not { } come)
                        return false;
                    (string home, int looks) = await LookAsync(come.Socket);
                    Assert.Equal(1, looks);
                    sessions.Add(new Session(come.Socket, come.SetCookie, home, by));
                    return Lost(0).Any() && Lost(1).Any() && Others(nodes.NameOf(1)).Any() && Others(nodes.NameOf(2)).Any();
                },
                "sessions live on all nodes, and come by the one that is to be killed and by another",
                Patience);
            await nodes[0].KillAsync();
            // Their node may be alive still, for all that the others know: nothing is begun in their place.
            Task<int>[] comingBack = [.. Lost(0).Select(session => BeginsAnewAsync(nodes, session, killed))];

            // Where they live they go on at once; another node may have to hear where that is first.
            foreach (Session session in Others(nodes.NameOf(1)))
                Assert.Equal(0, await GoesOnAsync(nodes, session, by: 1));
            int waited = 0;
            foreach (Session session in Others(nodes.NameOf(2)))
                waited += await GoesOnAsync(nodes, session, by: 1);
            output.WriteLine($"refused by another node before it knew where a session lives: {waited} times");

            Session[] connected = [.. Lost(1)];
            foreach (Session session in connected)
                Assert.Equal("InternalServerError the session has ended", await SessionSockets.HearAsync(session.Socket));
            foreach (Session session in connected)
                await BeginsAnewAsync(nodes, session, killed);
            int[] refused = await Task.WhenAll(comingBack);
            output.WriteLine($"clients of sessions that died, back at once, were told {string.Join(", ", refused)} times to try again");
            Assert.All(refused, times => Assert.True(times > 0));
        }
        finally
        {
            foreach (Session session in sessions)
                session.Socket.Dispose();
        }

        IEnumerable<Session> Lost(int by) => sessions.Where(session => session.Home == killed && session.By == by);

        IEnumerable<Session> Others(string home) => sessions.Where(session => session.Home == home && session.By == 0);
    }

    // What it had counted it still knows. Answers how often the node refused.
    private async Task<int> GoesOnAsync(SampleNodes nodes, Session session, int by)
    {
        (int refused, Come come) = await ComeBackAsync(nodes, session, by);
        using (come.Socket)
        {
            Assert.Equal(("", "\u00161"), (come.SetCookie, come.Position));
            Assert.Equal((session.Home, 2), await LookAsync(come.Socket));
        }

        return refused;
    }

    private async Task<int> BeginsAnewAsync(SampleNodes nodes, Session session, string killed)
    {
        (int refused, Come come) = await ComeBackAsync(nodes, session, by: 2);
        using (come.Socket)
        {
            Assert.NotEqual("", come.SetCookie);
            Assert.Equal("\u00160", come.Position);
            (string home, int looks) = await LookAsync(come.Socket);
            Assert.Equal(1, looks);
            Assert.NotEqual(killed, home);
        }

        return refused;
    }

    // With what it has got, and again when it is told to.
    private static async Task<(int Refused, Come Come)> ComeBackAsync(SampleNodes nodes, Session session, int by)
    {
        int refused = 0;
        Come? come = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                come = await TryComeAsync(nodes, by, "/watch?received=1", session.Cookie);
                refused += come is null ? 1 : 0;
                return come is not null;
            },
            "it is let in again",
            Patience);
        return (refused, come!);
    }

    // Null: it is told to try again.
    private static async Task<Come?> TryComeAsync(SampleNodes nodes, int by, string path, string? cookie = null)
    {
        using var http = nodes[by].CreateClient();
        try
        {
            (ClientWebSocket socket, string set) = await SessionSockets.ConnectAsync(http.BaseAddress!.Authority, path, cookie);
            string position = await SessionSockets.HearAsync(socket);
            if (!position.StartsWith("1013 ", StringComparison.Ordinal))
                return new Come(socket, set, position);
            socket.Dispose();
            return null;
        }
        catch (WebSocketException refused) when (refused.Message.Contains(((int)HttpStatusCode.ServiceUnavailable).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal))
        {
            return null;
        }
    }

    private static async Task<string?> NodeOfAsync(HttpClient http, string device)
    {
        using HttpResponseMessage answer = await http.GetAsync($"devices/{device}");
        if (!answer.IsSuccessStatusCode)
            return null;
        using JsonDocument told = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return told.RootElement.GetProperty("node").GetString();
    }

    private async Task<(string Home, int Looks)> LookAsync(ClientWebSocket socket)
    {
        await SessionSockets.SayAsync(socket, _device);
        string heard = await SessionSockets.HearAsync(socket);
        using JsonDocument told = JsonDocument.Parse(heard);
        return (told.RootElement.GetProperty("node").GetString()!, told.RootElement.GetProperty("look").GetInt32());
    }

    private sealed record Session(ClientWebSocket Socket, string Cookie, string Home, int By);

    private sealed record Come(ClientWebSocket Socket, string SetCookie, string Position);
}
