using System.Net;
using System.Net.Http.Headers;
using Actors443.Dns;
using Actors443.Dns.Wire;
using Actors443.Testing;
using Actors443.Testing.Dns;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Dns;

/// <summary>DNS over HTTPS as clients meet it: real connections, both versions of HTTP, an upstream of the test.</summary>
public sealed class DnsOverHttpsTests : IAsyncLifetime, IDisposable
{
    private const string MediaType = "application/dns-message";

    private readonly DnsTestServer _upstream = DnsTestServer.Start(Answer);
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await StartAsync(_upstream);

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _upstream.Dispose();

    [Theory]
    [InlineData("1.1", false)]
    [InlineData("1.1", true)]
    [InlineData("2.0", false)]
    [InlineData("2.0", true)]
    public async Task A_query_is_answered_with_the_time_that_is_left(string version, bool post)
    {
        using HttpClient client = _server.CreateClient(Version.Parse(version));
        byte[] query = DnsTestMessage.Query("wWw.Site.test", DnsType.A, post ? (ushort)77 : (ushort)0);
        for (int round = 0; round < 3; round++)
        {
            using HttpResponseMessage response = post ? await PostAsync(client, query) : await client.GetAsync(DnsTestMessage.ToAddress(query));

            byte[] answer = await response.Content.ReadAsByteArrayAsync();
            Assert.Equal((HttpStatusCode.OK, MediaType, answer.Length), (response.StatusCode, response.Content.Headers.ContentType!.ToString(), response.Content.Headers.ContentLength));
            DnsMessage message = DnsMessage.TryRead(answer)!;
            Assert.Equal((post ? 77 : 0, "192.0.2.1"), (message.Id, message.AddressIn(message.Answers[0]).ToString()));
            uint left = DnsTestMessage.TimeToLiveOf(answer, message.Answers[0]);
            Assert.InRange(left, 290u, 300u);
            Assert.Equal(TimeSpan.FromSeconds(left), response.Headers.CacheControl!.MaxAge);
            // What is left is what the records say: to take an age off once more would be wrong (RFC 8484 5.1).
            Assert.Null(response.Headers.Age);
            Assert.Equal(query[12..27], answer[12..27]);
        }

        Assert.Single(_upstream.Queries);
    }

    [Theory]
    [InlineData("GET", "dns-query", null, 0, HttpStatusCode.BadRequest)]
    [InlineData("GET", "dns-query?dns=", null, 0, HttpStatusCode.BadRequest)]
    [InlineData("GET", "dns-query?dns=AAABAAABAAAAAAAAA3d3dwRzaXRlBHRlc3QAAAEAAQ==", null, 0, HttpStatusCode.BadRequest)]
    [InlineData("GET", "dns-query?dns=AAABAAABAAAAAAAAA3d3dwRzaXRlBHRlc3QAAAEAA", null, 0, HttpStatusCode.BadRequest)]
    [InlineData("GET", "dns-query?dns=AAAB+AABAAAAAAAAA3d3dwRzaXRlBHRlc3QAAAEAAQ", null, 0, HttpStatusCode.BadRequest)]
    [InlineData("GET", "dns-query?dns=AAAB%20AABAAAAAAAAA3d3dwRzaXRlBHRlc3QAAAEAAQ", null, 0, HttpStatusCode.BadRequest)]
    [InlineData("GET", "dns-query?dns=AAABAAABAAAAAAAAA3d3dwRzaXRlBHRlc3QAAAEAAQ", null, 0, HttpStatusCode.OK)]
    [InlineData("GET", "dns-query?x=1&dns=AAABAAABAAAAAAAAA3d3dwRzaXRlBHRlc3QAAAEAAQ&y=2", null, 0, HttpStatusCode.OK)]
    [InlineData("GET", "dns-query?dns=%41AABAAABAAAAAAAAA3d3dwRzaXRlBHRlc3QAAAEAAQ", null, 0, HttpStatusCode.OK)]
    [InlineData("HEAD", "dns-query?dns=AAABAAABAAAAAAAAA3d3dwRzaXRlBHRlc3QAAAEAAQ", null, 0, HttpStatusCode.OK)]
    [InlineData("PUT", "dns-query", MediaType, 30, HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", "dns-query", null, 0, HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "dns-query", "application/octet-stream", 30, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "dns-query", null, 30, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "dns-query", "Application/DNS-Message; x=y", 30, HttpStatusCode.OK)]
    [InlineData("POST", "dns-query", MediaType, 0, HttpStatusCode.BadRequest)]
    [InlineData("POST", "dns-query", MediaType, 11, HttpStatusCode.BadRequest)]
    [InlineData("POST", "dns-query", MediaType, 65535, HttpStatusCode.OK)]
    [InlineData("POST", "dns-query", MediaType, 65536, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("POST", "dns-query", MediaType, 1_000_000, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("GET", "other", null, 0, HttpStatusCode.NotFound)]
    public async Task A_request_that_is_not_as_it_should_be_is_told_so(string method, string address, string? type, int length, HttpStatusCode expected)
    {
        byte[] body = new byte[length];
        DnsTestMessage.Query("www.site.test").AsSpan(0, Math.Min(length, 31)).CopyTo(body);
        foreach (bool chunked in (bool[])[false, true])
        {
            foreach (Version version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
            {
                using HttpClient client = _server.CreateClient(version);
                using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(client.BaseAddress + address, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })) { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
                if (type is not null || length > 0)
                {
                    request.Content = chunked ? new StreamContent(new UnknownLengthStream(body)) : new ByteArrayContent(body);
                    if (type is not null)
                        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
                }

                using HttpResponseMessage response = await client.SendAsync(request);

                Assert.Equal(expected, response.StatusCode);
                if (expected == HttpStatusCode.MethodNotAllowed)
                    Assert.Equal(["GET", "HEAD", "POST"], response.Content.Headers.Allow);
                if (expected is not (HttpStatusCode.OK or HttpStatusCode.NotFound))
                    Assert.EndsWith(".\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Each_message_of_the_corpus_gets_its_answer()
    {
        using HttpClient client = _server.CreateClient(HttpVersion.Version20);
        foreach (DnsCorpusMessage message in DnsCorpus.Read("queries.txt"))
        {
            using HttpResponseMessage response = await PostAsync(client, message.Bytes);

            byte[] answer = await response.Content.ReadAsByteArrayAsync();
            if (message.Expected == "400")
            {
                Assert.True(response.StatusCode == HttpStatusCode.BadRequest, message.Name);
                continue;
            }

            Assert.True(response.StatusCode == HttpStatusCode.OK, message.Name);
            DnsMessage read = DnsMessage.TryRead(answer)!;
            Assert.True(read is not null && read.Id == 1, message.Name);
            // An extended code has its upper bits in the OPT record.
            string outcome = message.Expected == "BADVERS" ? read.Additionals[0] is { Type: DnsType.Opt } opt && answer[opt.DataOffset - 6] == 1 && read.Outcome == "NOERROR" ? "BADVERS" : "none" : read.Outcome;
            Assert.True(message.Expected == outcome, $"{message.Name}: {outcome}");
            Assert.Equal(TimeSpan.Zero, response.Headers.CacheControl!.MaxAge);
        }
    }

    [Fact]
    public async Task A_hundred_that_ask_at_once_over_both_versions_put_one_question()
    {
        var gate = new TaskCompletionSource();
        using DnsTestServer slow = DnsTestServer.Start(async query =>
        {
            await gate.Task;
            return [query.Answer(records: [DnsTestRecord.A("192.0.2.1")])];
        });
        await using RunningServer server = await StartAsync(slow);
        using HttpClient one = server.CreateClient(HttpVersion.Version20);
        using HttpClient two = server.CreateClient(HttpVersion.Version11);
        byte[] query = DnsTestMessage.Query("www.site.test");
        Task<HttpResponseMessage>[] asking = [.. Enumerable.Range(0, 100).Select(number => number % 2 == 0 ? PostAsync(one, query) : two.GetAsync(DnsTestMessage.ToAddress(query)))];
        DnsCounters counters = server.Services.GetRequiredService<DnsResolver>().Counters;
        await Eventually.HoldsAsync(() => counters.Coalesced == 99, "all wait for one question");

        gate.SetResult();

        foreach (HttpResponseMessage response in await Task.WhenAll(asking))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            response.Dispose();
        }

        Assert.Single(slow.Queries.Select(asked => asked.Name).Distinct());
        Assert.Equal(100, counters.Of(DnsOutcome.Miss));
    }

    [Fact]
    public async Task An_answer_of_64_KiB_comes_whole()
    {
        using HttpClient client = _server.CreateClient(HttpVersion.Version20);
        foreach (bool again in (bool[])[false, true])
        {
            using HttpResponseMessage response = await PostAsync(client, DnsTestMessage.Query("large.site.test", DnsType.Txt));

            byte[] answer = await response.Content.ReadAsByteArrayAsync();
            DnsMessage message = DnsMessage.TryRead(answer)!;
            Assert.Equal(240, message.Answers.Count);
            Assert.All(message.Answers, record => Assert.Equal(new string('x', 255), message.TextOf(record)));
        }

        // By UDP first, cut off there.
        Assert.Equal([false, true], _upstream.Queries.Select(query => query.IsTcp));
    }

    [Fact]
    public async Task A_client_in_no_network_that_may_ask_gets_403()
    {
        await using RunningServer server = await StartAsync(_upstream, "dns.allow=[\"192.0.2.0/24\"]");
        using HttpClient client = server.CreateClient(HttpVersion.Version20);

        using HttpResponseMessage response = await PostAsync(client, DnsTestMessage.Query("www.site.test"));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Empty(_upstream.Queries);
    }

    [Fact]
    public async Task A_client_that_asks_too_often_gets_429()
    {
        await using RunningServer server = await StartAsync(_upstream, "dns.queries-per-second=0.1");
        using HttpClient client = server.CreateClient(HttpVersion.Version20);
        byte[] query = DnsTestMessage.Query("www.site.test");
        (await PostAsync(client, query)).Dispose();

        using HttpResponseMessage response = await PostAsync(client, query);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task Other_settings_take_effect_at_once_and_the_same_ones_keep_what_is_known()
    {
        using DnsTestServer other = DnsTestServer.Start(query => query.Answer(records: [DnsTestRecord.A("192.0.2.99")]));
        static string Hocon(DnsTestServer upstream, string more = "") => $$"""
            actors443 { sites { "*" { dns = on } }, dns { upstreams = ["{{upstream.EndPoint}}"] {{more}} } }
            """;
        await using RunningServer server = await RunningServer.StartAsync(Hocon(_upstream));
        using HttpClient client = server.CreateClient(HttpVersion.Version20);
        Assert.Equal("192.0.2.1", await AddressAsync(client));

        await server.ReloadAsync(Hocon(_upstream) + "# the same\n");
        await server.ReloadAsync(Hocon(_upstream).Replace("dns = on", "dns = on, compression = off", StringComparison.Ordinal));
        Assert.Equal("192.0.2.1", await AddressAsync(client));
        Assert.Single(_upstream.Queries);

        await server.ReloadAsync(Hocon(other));
        await Eventually.HoldsAsync(async () => await AddressAsync(client) == "192.0.2.99", "the other upstream is asked");
        await server.ReloadAsync(Hocon(other, ", allow = []"));
        await Eventually.HoldsAsync(
            async () =>
            {
                using HttpResponseMessage response = await PostAsync(client, DnsTestMessage.Query("www.site.test"));
                return response.StatusCode == HttpStatusCode.Forbidden;
            },
            "nobody may ask");
    }

    [Fact]
    public async Task What_an_upstream_sends_that_is_not_as_it_should_be_gets_SERVFAIL_or_is_taken_as_it_is_meant()
    {
        foreach (DnsCorpusMessage message in DnsCorpus.Read("answers.txt"))
        {
            using DnsTestServer odd = DnsTestServer.Start(query =>
            {
                byte[] answer = [.. message.Bytes];
                query.Bytes.AsSpan(0, 2).CopyTo(answer);
                if (answer[5] == 1)
                    query.Bytes.AsSpan(12, 9).CopyTo(answer.AsSpan(12));
                return answer;
            });
            await using RunningServer server = await StartAsync(odd);
            using HttpClient client = server.CreateClient(HttpVersion.Version20);

            using HttpResponseMessage response = await PostAsync(client, DnsTestMessage.Query("www"));

            DnsMessage? answer = DnsMessage.TryRead(await response.Content.ReadAsByteArrayAsync());
            Assert.True(message.Expected == answer?.Outcome, $"{message.Name}: {answer?.Outcome}");
        }
    }

    [Fact]
    public async Task The_example_answers()
    {
        string example = await File.ReadAllTextAsync(Repository.Example("dns.conf"));
        await using RunningServer server = await RunningServer.StartAsync(example, $"dns.upstreams=\"{_upstream.EndPoint}\"");
        using HttpClient client = server.CreateClient(HttpVersion.Version20);

        Assert.Equal("192.0.2.1", await AddressAsync(client));
        Assert.Equal("DNS over HTTPS is at /dns-query", await client.GetStringAsync("other"));
    }

    private static async Task<string> AddressAsync(HttpClient client)
    {
        using HttpResponseMessage response = await PostAsync(client, DnsTestMessage.Query("www.site.test"));
        DnsMessage message = DnsMessage.TryRead(await response.Content.ReadAsByteArrayAsync())!;
        return message.AddressIn(message.Answers[0]).ToString();
    }

    internal static Task<RunningServer> StartAsync(DnsTestServer upstream, params string[] overrides) => RunningServer.StartAsync(
        """actors443.sites { "*" { dns = on } }""", [$"dns.upstreams=[\"{upstream.EndPoint}\"]", .. overrides]);

    internal static async Task<HttpResponseMessage> PostAsync(HttpClient client, byte[] query)
    {
        using var content = new ByteArrayContent(query);
        content.Headers.ContentType = new MediaTypeHeaderValue(MediaType);
        return await client.PostAsync("dns-query", content);
    }

    private static byte[] Answer(DnsTestQuery query) => query switch
    {
        { Name: "large.site.test.", IsTcp: false } => query.Answer(flags: 0x0200),
        { Name: "large.site.test." } => query.Answer(records: [.. Enumerable.Repeat(new DnsTestRecord(DnsType.Txt, 300, DnsWriter.TxtData(new string('x', 255))), 240)]),
        _ => query.Answer(records: [DnsTestRecord.A("192.0.2.1")]),
    };

    // The client cannot say how long it is.
    private sealed class UnknownLengthStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
