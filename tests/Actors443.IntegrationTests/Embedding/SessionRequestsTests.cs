using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Actors443.Sessions;
using Actors443.Testing;
using Actors443.WebSockets;
using Akka.Actor;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>Sessions whose clients listen to events and send requests, or change to a WebSocket.</summary>
public sealed class SessionRequestsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Events_and_requests_take_part_in_a_session()
    {
        await using EmbeddedHost host = await StartAsync();
        using HttpClient http = host.CreateClient();

        (HttpStatusCode status, string? cookie) = await PostAsync(http, "count", null);
        Assert.Equal(HttpStatusCode.NoContent, status);
        Assert.StartsWith("__Host-session=", cookie, StringComparison.Ordinal);
        using (EventClient events = await EventClient.ListenAsync(http, cookie!, null))
        {
            // What was said before it came.
            Assert.Equal("position 0 #0", await events.HearAsync());
            Assert.Equal("message 1 #1", await events.HearAsync());
            Assert.Equal((HttpStatusCode.NoContent, null), await PostAsync(http, "count", cookie));
            Assert.Equal("message 2 #2", await events.HearAsync());
        }

        Assert.Equal((HttpStatusCode.NoContent, null), await PostAsync(http, "count", cookie));
        using EventClient again = await EventClient.ListenAsync(http, cookie!, "2");
        Assert.Equal("position 2 #2", await again.HearAsync());
        string[] missed = [await again.HearAsync(), await again.HearAsync()];
        // It may notice that the client has gone before or after that.
        Assert.Equal(["3", "detached"], missed.Select(text => text.Split(' ')[1]).Order());
        Assert.Equal(["#3", "#4"], missed.Select(text => text.Split(' ')[2]));

        using var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
        socket.Options.SetRequestHeader("Cookie", cookie);
        await socket.ConnectAsync(new Uri($"wss://{host.Https.Authority}/live?received=4"), CancellationToken.None).WaitAsync(Patience);
        Assert.Equal("closed the session goes on on another connection ", await again.HearAsync());
        Assert.Equal("", await again.HearAsync());
        byte[] buffer = new byte[100];
        WebSocketReceiveResult heard = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Patience);
        Assert.Equal("\u00164", Encoding.UTF8.GetString(buffer, 0, heard.Count));
    }

    [Fact]
    public async Task What_takes_no_part_is_told_why()
    {
        await using EmbeddedHost host = await StartAsync();
        using HttpClient http = host.CreateClient();
        (_, string? cookie) = await PostAsync(http, "count", null);

        Assert.Equal(HttpStatusCode.UpgradeRequired, await SendAsync(HttpMethod.Put, "/live", _ => { }));
        Assert.Equal(HttpStatusCode.UpgradeRequired, await SendAsync(HttpMethod.Get, "/live", _ => { }));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Post, "/live", request => request.Headers.Add("Origin", "https://elsewhere.example")));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await SendAsync(HttpMethod.Post, "/live", request => request.Content = new ByteArrayContent(new byte[2000])));
        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync(HttpMethod.Post, "/live?received=-1", _ => { }));
        Assert.Equal(HttpStatusCode.Conflict, await SendAsync(HttpMethod.Post, "/live?received=100", _ => { }));
        using EventClient events = await EventClient.ListenAsync(http, cookie!, "many");
        Assert.Equal("closed received is no number ", await events.HearAsync());
        // The one session that there may be is there, and this client has not its cookie.
        using HttpClient stranger = host.CreateClient();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await PostAsync(stranger, "count", null)).Status);

        async Task<HttpStatusCode> SendAsync(HttpMethod method, string path, Action<HttpRequestMessage> change)
        {
            using var request = new HttpRequestMessage(method, path);
            request.Headers.Add("Cookie", cookie);
            change(request);
            using HttpResponseMessage answer = await http.SendAsync(request);
            return answer.StatusCode;
        }
    }

    private static Task<EmbeddedHost> StartAsync() => EmbeddedHost.StartAsync(TestEngine.Name, application => application.MapActorSession("/live", _ => Props.Create<Counter>(), options =>
    {
        options.MaximumSessions = 1;
        options.WebSockets.MaximumMessage = 1000;
    }));

    private static async Task<(HttpStatusCode Status, string? Cookie)> PostAsync(HttpClient http, string text, string? cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/live") { Content = new StringContent(text) };
        if (cookie is not null)
            request.Headers.Add("Cookie", cookie);
        using HttpResponseMessage answer = await http.SendAsync(request);
        return (answer.StatusCode, answer.Headers.TryGetValues("Set-Cookie", out IEnumerable<string>? set) ? set.Single().Split(';')[0] : null);
    }

    /// <summary>What a page has as EventSource.</summary>
    private sealed class EventClient(HttpResponseMessage answer, StreamReader lines) : IDisposable
    {
        public static async Task<EventClient> ListenAsync(HttpClient http, string cookie, string? lastEventId)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/live");
            request.Headers.Add("Accept", "text/event-stream");
            request.Headers.Add("Cookie", cookie);
            if (lastEventId is not null)
                request.Headers.Add("Last-Event-ID", lastEventId);
            HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
            return new EventClient(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
        }

        /// <summary>Name, data and id of the next event; empty: there is none.</summary>
        public async Task<string> HearAsync()
        {
            (string name, string data, string id) = ("message", "", "");
            while (await lines.ReadLineAsync().WaitAsync(Patience) is { } line)
            {
                if (line.Length == 0 && data.Length > 0)
                    return $"{name} {data} {id}";
                if (line.Split(": ", 2) is [var field, var value])
                    (name, data, id) = field switch { "event" => (value, data, id), "data" => (name, value, id), "id" => (name, data, "#" + value), _ => (name, data, id) };
            }

            return "";
        }

        public void Dispose()
        {
            lines.Dispose();
            answer.Dispose();
        }
    }

    private sealed class Counter : ReceiveActor
    {
        private int _count;

        public Counter()
        {
            Receive<SessionDetached>(_ => Context.Parent.Tell(WebSocketSend.Text("detached")));
            Receive<SessionAttached>(_ => { });
            Receive<WebSocketReceived>(_ =>
            {
                Sender.Tell(WebSocketAck.Instance);
                Sender.Tell(WebSocketSend.Text((++_count).ToString(CultureInfo.InvariantCulture)));
            });
        }
    }
}
