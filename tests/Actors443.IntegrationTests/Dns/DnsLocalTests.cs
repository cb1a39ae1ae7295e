using System.Net;
using System.Text.Json;
using Actors443.Dns;
using Actors443.Dns.Wire;
using Actors443.Testing;
using Actors443.Testing.Dns;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Dns;

/// <summary>What the resolver knows of files, and its answers as JSON.</summary>
public sealed class DnsLocalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DnsTestServer _upstream = DnsTestServer.Start(query => query.Type switch
    {
        DnsType.A => query.Answer(records: [DnsTestRecord.Alias("b.site.test", 120), DnsTestRecord.A("192.0.2.1", 60, "b.site.test")], flags: 0x0020),
        DnsType.Mx => query.Answer(records: [new DnsTestRecord(DnsType.Mx, 60, [0, 10, .. DnsName.Parse("mail.site.test")])]),
        DnsType.Txt => query.Answer(records: [new DnsTestRecord(DnsType.Txt, 60, [3, (byte)'a', (byte)'"', 200, 1, (byte)'b'])]),
        DnsType.Srv => query.Answer(records: [new DnsTestRecord(DnsType.Srv, 60, [0, 1, 0, 2, 1, 187, .. DnsName.Parse("srv.site.test")])]),
        DnsType.Caa => query.Answer(records: [new DnsTestRecord(DnsType.Caa, 60, [0, 5, .. "issueca.test"u8])]),
        DnsType.Svcb => query.Answer(records: [new DnsTestRecord(DnsType.Svcb, 60, [0, 1, 0])]),
        _ => query.Answer(DnsResponseCode.NxDomain, authorities: [DnsTestRecord.Soa("site.test", 300, 60)]),
    });

    public void Dispose()
    {
        _upstream.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Names_of_hosts_files_are_answered_here_and_a_changed_file_is_read_again()
    {
        string hosts = _folder.Write("hosts", "192.0.2.10 Router.lan router # the first\n2001:db8::10 router.lan\nnonsense\n192.0.2.11 a..b\n");
        await using RunningServer server = await StartAsync($"dns.hosts=\"{hosts}\"", "dns.probe-interval=50ms");
        using HttpClient client = server.CreateClient(HttpVersion.Version20);

        Assert.Equal(["192.0.2.10"], await AddressesAsync(client, "ROUTER.lan", DnsType.A));
        Assert.Equal(["2001:db8::10"], await AddressesAsync(client, "router.lan", DnsType.Aaaa));
        Assert.Equal(["192.0.2.10"], await AddressesAsync(client, "router", DnsType.A));
        DnsMessage nothing = await AskAsync(client, "router.lan", DnsType.Mx);
        Assert.Equal(("NOERROR", 0), (nothing.Outcome, nothing.Answers.Count));
        DnsMessage reverse = await AskAsync(client, "10.2.0.192.in-addr.arpa", DnsType.Ptr);
        Assert.Equal("router.lan", reverse.NameIn(reverse.Answers[0]));
        Assert.Empty(_upstream.Queries);

        await File.WriteAllTextAsync(hosts, "192.0.2.99 router.lan # now elsewhere\n");
        await Eventually.HoldsAsync(async () => (await AddressesAsync(client, "router.lan", DnsType.A)).SequenceEqual(["192.0.2.99"]), "the file is read again");
    }

    [Theory]
    [InlineData("nxdomain", "NXDOMAIN", null)]
    [InlineData("null-address", "NOERROR", "0.0.0.0")]
    [InlineData("refused", "REFUSED", null)]
    public async Task Blocked_names_and_all_below_them_are_not_to_be_found(string answer, string outcome, string? address)
    {
        string list = _folder.Write("list", "# a comment\n0.0.0.0 ads.test tracker.test\n*.more.test\nplain.test\n127.0.0.1 localhost\n");
        await using RunningServer server = await StartAsync($"dns.block.lists=\"{list}\"", $"dns.block.answer={answer}");
        using HttpClient client = server.CreateClient(HttpVersion.Version20);

        foreach (string name in (string[])["ads.test", "x.Y.ads.TEST", "tracker.test", "more.test", "plain.test"])
        {
            DnsMessage message = await AskAsync(client, name, DnsType.A, []);
            Assert.Equal(outcome, message.Outcome);
            Assert.Equal(new byte[] { 0, (byte)DnsExtendedError.Blocked }, DnsTestMessage.OptionsOf(message.Bytes.ToArray())![15]);
            Assert.Equal(address is null ? [] : [address], message.Answers.Select(record => message.AddressIn(record).ToString()));
        }

        foreach (string name in (string[])["noads.test", "test", "localhost"])
            Assert.Equal("NOERROR", (await AskAsync(client, name, DnsType.A)).Outcome);
        Assert.Equal(3, _upstream.Queries.Count);
        DnsStatus status = DnsStatus.Of(server.Services.GetRequiredService<DnsResolver>());
        Assert.Equal((5, 4, 5), (status.Queries["blocked"], status.BlockedNames, status.Clients.Single().Blocked));
    }

    [Theory]
    [InlineData("name=www.site.test", """{"Status":0,"TC":false,"RD":true,"RA":true,"AD":true,"CD":false,"Question":[{"name":"www.site.test.","type":1}],"Answer":[{"name":"www.site.test.","type":5,"TTL":120,"data":"b.site.test."},{"name":"b.site.test.","type":1,"TTL":60,"data":"192.0.2.1"}]}""")]
    [InlineData("name=www.site.test&type=mx", """{"Status":0,"TC":false,"RD":true,"RA":true,"AD":false,"CD":false,"Question":[{"name":"www.site.test.","type":15}],"Answer":[{"name":"www.site.test.","type":15,"TTL":60,"data":"10 mail.site.test."}]}""")]
    [InlineData("type=16&name=www.site.test", """{"Status":0,"TC":false,"RD":true,"RA":true,"AD":false,"CD":false,"Question":[{"name":"www.site.test.","type":16}],"Answer":[{"name":"www.site.test.","type":16,"TTL":60,"data":"\u0022a\\\u0022\\200\u0022 \u0022b\u0022"}]}""")]
    [InlineData("name=www.site.test&type=SRV&cd=1", """{"Status":0,"TC":false,"RD":true,"RA":true,"AD":false,"CD":true,"Question":[{"name":"www.site.test.","type":33}],"Answer":[{"name":"www.site.test.","type":33,"TTL":60,"data":"1 2 443 srv.site.test."}]}""")]
    [InlineData("name=www.site.test&type=CAA", """{"Status":0,"TC":false,"RD":true,"RA":true,"AD":false,"CD":false,"Question":[{"name":"www.site.test.","type":257}],"Answer":[{"name":"www.site.test.","type":257,"TTL":60,"data":"0 issue \u0022ca.test\u0022"}]}""")]
    [InlineData("name=www.site.test&type=64", """{"Status":0,"TC":false,"RD":true,"RA":true,"AD":false,"CD":false,"Question":[{"name":"www.site.test.","type":64}],"Answer":[{"name":"www.site.test.","type":64,"TTL":60,"data":"\\# 3 000100"}]}""")]
    [InlineData("name=www.site.test&type=NS", """{"Status":3,"TC":false,"RD":true,"RA":true,"AD":false,"CD":false,"Question":[{"name":"www.site.test.","type":2}],"Authority":[{"name":"site.test.","type":6,"TTL":60,"data":"ns.site.test. admin.site.test. 1 3600 600 86400 60"}]}""")]
    public async Task Json_says_what_the_message_says(string query, string expected)
    {
        await using RunningServer server = await StartAsync();
        using HttpClient client = server.CreateClient(HttpVersion.Version20);

        using HttpResponseMessage response = await client.GetAsync("dns-query?" + query);

        Assert.Equal((HttpStatusCode.OK, "application/dns-json"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        string json = await response.Content.ReadAsStringAsync();
        Assert.Equal(JsonSerializer.Serialize(JsonDocument.Parse(expected)), JsonSerializer.Serialize(JsonDocument.Parse(json)));
        Assert.Equal(TimeSpan.FromSeconds(60), response.Headers.CacheControl!.MaxAge);
    }

    [Theory]
    [InlineData("name=www.site.test&type=nonsense", "The parameter type is no type of record; write A, AAAA, … or a number from 1 to 65535.\n")]
    [InlineData("name=www.site.test&type=0", "The parameter type is no type of record; write A, AAAA, … or a number from 1 to 65535.\n")]
    [InlineData("name=a..b", "The parameter name is no domain name.\n")]
    public async Task A_bad_parameter_is_named(string query, string problem)
    {
        await using RunningServer server = await StartAsync();
        using HttpClient client = server.CreateClient(HttpVersion.Version20);

        using HttpResponseMessage response = await client.GetAsync("dns-query?" + query);

        Assert.Equal((HttpStatusCode.BadRequest, problem), (response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    private Task<RunningServer> StartAsync(params string[] overrides) => DnsOverHttpsTests.StartAsync(_upstream, overrides);

    private static async Task<IEnumerable<string>> AddressesAsync(HttpClient client, string name, DnsType type)
    {
        DnsMessage message = await AskAsync(client, name, type);
        return message.Answers.Select(record => message.AddressIn(record).ToString());
    }

    private static async Task<DnsMessage> AskAsync(HttpClient client, string name, DnsType type, byte[]? options = null)
    {
        using HttpResponseMessage response = await DnsOverHttpsTests.PostAsync(client, DnsTestMessage.Query(name, type, 0, options));
        return DnsMessage.TryRead(await response.Content.ReadAsByteArrayAsync())!;
    }
}
