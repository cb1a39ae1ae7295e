using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Actors443.Certificates;
using Actors443.Dns.Wire;
using Actors443.Testing;
using Actors443.Testing.Dns;

namespace Actors443.IntegrationTests.Dns;

/// <summary>Each way to ask an upstream, over real sockets; and what forgers and broken servers send.</summary>
public sealed class DnsUpstreamTests
{
    [Fact]
    public async Task Each_question_by_UDP_has_a_port_an_id_and_a_spelling_of_its_own()
    {
        using DnsTestServer upstream = DnsTestServer.Start(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")]));
        await using RunningServer server = await DnsOverHttpsTests.StartAsync(upstream);
        using HttpClient client = server.CreateClient(HttpVersion.Version20);
        for (int i = 0; i < 30; i++)
            Assert.Equal("NOERROR", (await AskAsync(client, $"abcdefghijklmnop{i:00}.test")).Outcome);

        Assert.InRange(upstream.Sources.Select(source => source.Port).Distinct().Count(), 20, 30);
        Assert.InRange(upstream.Queries.Select(query => query.Read.Id).Distinct().Count(), 28, 30);
        Assert.InRange(upstream.Queries.Select(query => query.WrittenName[..16]).Distinct().Count(), 28, 30);
    }

    [Fact]
    public async Task What_a_forger_sends_is_not_taken()
    {
        using DnsTestServer upstream = DnsTestServer.Start(query =>
        {
            byte[] good = query.Answer(records: [DnsTestRecord.A("192.0.2.1")]);
            byte[] forged = query.Answer(records: [DnsTestRecord.A("203.0.113.66")]);
            byte[] otherId = [.. forged];
            otherId[0] ^= 1;
            byte[] otherName = [.. forged];
            otherName[13] = (byte)'z';
            byte[] noAnswer = [.. forged];
            noAnswer[2] &= 0x7F;
            return Task.FromResult<IReadOnlyList<byte[]>>([otherId, otherName, noAnswer, [1, 2, 3], good]);
        });
        await using RunningServer server = await DnsOverHttpsTests.StartAsync(upstream);
        using HttpClient client = server.CreateClient(HttpVersion.Version20);

        DnsMessage answer = await AskAsync(client, "www.site.test");

        Assert.Equal("192.0.2.1", answer.AddressIn(answer.Answers[0]).ToString());
    }

    [Fact]
    public async Task An_answer_in_other_letters_is_asked_for_again_by_TCP()
    {
        using DnsTestServer upstream = DnsTestServer.Start(query =>
        {
            byte[] answer = query.Answer(records: [DnsTestRecord.A(query.IsTcp ? "192.0.2.1" : "203.0.113.66")]);
            if (!query.IsTcp)
                DnsName.ToLower(answer.AsSpan(12, query.Read.NameLength).ToArray(), answer.AsSpan(12));
            return answer;
        });
        await using RunningServer server = await DnsOverHttpsTests.StartAsync(upstream);
        using HttpClient client = server.CreateClient(HttpVersion.Version20);

        DnsMessage answer = await AskAsync(client, "abcdefghijklmnopqrstuvwxyz.test");

        Assert.Equal("192.0.2.1", answer.AddressIn(answer.Answers[0]).ToString());
    }

    [Fact]
    public async Task What_is_lost_is_sent_again()
    {
        int count = 0;
        using DnsTestServer upstream = DnsTestServer.Start(query => Interlocked.Increment(ref count) == 1 ? null : query.Answer(records: [DnsTestRecord.A("192.0.2.1")]));
        await using RunningServer server = await DnsOverHttpsTests.StartAsync(upstream, "dns.attempt-timeout=5s");
        using HttpClient client = server.CreateClient(HttpVersion.Version20);

        Assert.Equal("NOERROR", (await AskAsync(client, "www.site.test")).Outcome);
        Assert.Equal(2, upstream.Queries.Count);
    }

    [Fact]
    public async Task Questions_by_TCP_share_a_connection_and_are_answered_in_any_order()
    {
        var first = new TaskCompletionSource();
        using DnsTestServer upstream = DnsTestServer.Start(async query =>
        {
            if (query.Name == "slow.test.")
                await first.Task;
            return [query.Answer(records: [DnsTestRecord.A("192.0.2.1")])];
        });
        await using RunningServer server = await StartAsync($"dns.upstreams=\"tcp://{upstream.EndPoint}\"", "dns.attempt-timeout=20s", "dns.timeout=20s");
        using HttpClient client = server.CreateClient(HttpVersion.Version20);
        Task<DnsMessage> slow = AskAsync(client, "slow.test");
        foreach (string name in (string[])["one.test", "two.test"])
            Assert.Equal("NOERROR", (await AskAsync(client, name)).Outcome);

        first.SetResult();

        Assert.Equal("NOERROR", (await slow).Outcome);
        Assert.Equal((1, true), (upstream.Connections, upstream.Queries.All(query => query.IsTcp)));
    }

    [Fact]
    public async Task DNS_over_TLS_is_spoken_and_only_with_the_right_certificate()
    {
        using var authority = new TestCertificates();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var queries = new List<DnsTestQuery>();
        _ = ServeTlsAsync(listener, authority.Issue("dns.test"), queries);
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var folder = new TemporaryFolder();
        string roots = folder.Write("ca.pem", authority.CertificatePem);

        foreach ((string name, string trusted, string outcome) in ((string, string, string)[])[("dns.test", $", trusted-roots = \"{roots}\"", "NOERROR"), ("other.test", $", trusted-roots = \"{roots}\"", "SERVFAIL"), ("dns.test", "", "SERVFAIL")])
        {
            await using RunningServer server = await StartAsync($"dns.upstreams=[{{ url = \"tls://{name}:{port}\", address = \"127.0.0.1\"{trusted} }}]");
            using HttpClient client = server.CreateClient(HttpVersion.Version20);
            Assert.Equal(outcome, (await AskAsync(client, "www.site.test")).Outcome);
        }

        DnsTestQuery asked = Assert.Single(queries);
        Assert.Equal((128, true), (asked.Bytes.Length, asked.Read.IsPadded));
    }

    [Fact]
    public async Task DNS_over_HTTPS_is_spoken_to_another_of_us_whose_age_counts()
    {
        using DnsTestServer origin = DnsTestServer.Start(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")]));
        await using RunningServer first = await DnsOverHttpsTests.StartAsync(origin);
        string roots = LocalCa.RootPathIn(LocalCa.FolderIn(Path.Combine(first.StateDirectory, "state")));
        await using RunningServer second = await StartAsync(
            $"dns.upstreams=[{{ url = \"https://localhost:{first.HttpsPort}/dns-query\", address = \"127.0.0.1\", trusted-roots = \"{roots}\" }}]");
        using HttpClient client = second.CreateClient(HttpVersion.Version20);

        DnsMessage answer = await AskAsync(client, "www.site.test");

        Assert.Equal("192.0.2.1", answer.AddressIn(answer.Answers[0]).ToString());
        Assert.Single(origin.Queries);
    }

    [Fact]
    public async Task An_upstream_that_is_not_there_is_passed_over()
    {
        using DnsTestServer upstream = DnsTestServer.Start(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")]));
        foreach (string gone in (string[])["", "tcp://", "tls://", "https://"])
        {
            await using RunningServer server = await StartAsync($"dns.upstreams=[\"{gone}127.0.0.1:{FreePort.Next()}\", \"{upstream.EndPoint}\"]");
            using HttpClient client = server.CreateClient(HttpVersion.Version20);
            Assert.Equal("NOERROR", (await AskAsync(client, "www.site.test")).Outcome);
        }
    }

    private static async Task ServeTlsAsync(TcpListener listener, TestCertificate certificate, List<DnsTestQuery> queries)
    {
        try
        {
            while (true)
            {
                var stream = new SslStream(new NetworkStream(await listener.AcceptSocketAsync(), ownsSocket: true));
                _ = Task.Run(async () =>
                {
                    await using (stream)
                    {
                        try
                        {
                            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate.WithKey, ApplicationProtocols = [new SslApplicationProtocol("dot")] });
                            await DnsTestServer.ServeStreamAsync(stream, queries.Add, query => Task.FromResult<IReadOnlyList<byte[]>>([query.Answer(records: [DnsTestRecord.A("192.0.2.1")])]));
                        }
                        catch (Exception cause) when (cause is IOException or System.Security.Authentication.AuthenticationException)
                        {
                            // Who does not believe the certificate leaves.
                        }
                    }
                });
            }
        }
        catch (Exception cause) when (cause is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private static Task<RunningServer> StartAsync(params string[] overrides) => RunningServer.StartAsync("""actors443.sites { "*" { dns = on } }""", overrides);

    private static async Task<DnsMessage> AskAsync(HttpClient client, string name)
    {
        using HttpResponseMessage response = await DnsOverHttpsTests.PostAsync(client, DnsTestMessage.Query(name));
        return DnsMessage.TryRead(await response.Content.ReadAsByteArrayAsync())!;
    }
}
