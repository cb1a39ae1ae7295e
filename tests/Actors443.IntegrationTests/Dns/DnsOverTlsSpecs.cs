using System.Buffers.Binary;
using System.Net.Security;
using Actors443.Connections;
using Actors443.IntegrationTests.Routing;
using Actors443.IntegrationTests.Tunnels;
using Actors443.Testing;
using Actors443.Testing.Dns;

namespace Actors443.IntegrationTests.Dns;

public sealed class PortableDnsOverTlsSpecs() : DnsOverTlsSpecs("portable");

public sealed class EventLoopDnsOverTlsSpecs() : DnsOverTlsSpecs("event-loop");

/// <summary>DNS over TLS, on the port of the sites.</summary>
public abstract class DnsOverTlsSpecs(string engine) : IAsyncLifetime, IDisposable
{
    private static readonly SslApplicationProtocol Dot = new("dot");

    private readonly TaskCompletionSource _maySlow = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DnsTestServer _upstream = null!;
    private RunningServer _server = null!;

    public async Task InitializeAsync()
    {
        _upstream = DnsTestServer.Start(query =>
        {
            if (query.Name.StartsWith("slow", StringComparison.Ordinal))
                _maySlow.Task.Wait();
            return query.Answer(records: [DnsTestRecord.A("192.0.2.1")]);
        });
        _server = await StartAsync();
    }

    public Task DisposeAsync()
    {
        _maySlow.TrySetResult();
        return _server.DisposeAsync().AsTask();
    }

    public void Dispose()
    {
        _upstream.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Questions_in_a_row_are_answered_and_HTTP_is_served_beside()
    {
        await using TlsClient client = await ConnectAsync(_server);
        Assert.Equal(Dot, client.Stream.NegotiatedApplicationProtocol);
        for (ushort id = 1; id <= 50; id++)
        {
            await client.Stream.WriteAsync(Framed(id, "www.site.test"));
            Assert.Equal(id, BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(client)));
        }

        using HttpClient https = _server.CreateClient();
        Assert.Equal("site", await https.GetStringAsync("/"));
        Assert.Equal((ConnectionState.Upgraded, "dot"), (await _server.ConnectionsAsync()).Where(one => one.ApplicationProtocol == "dot").Select(one => (one.State, one.ApplicationProtocol!)).Single());
        Assert.Single(_upstream.Queries);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Five_hundred_at_once_are_all_answered_however_they_are_cut(int piece)
    {
        await using TlsClient client = await ConnectAsync(_server);
        byte[] all = [.. Enumerable.Range(0, piece == 1 ? 60 : 500).SelectMany(id => Framed((ushort)id, $"n{id % 40}.site.test"))];
        Task writing = WriteAsync();

        var ids = new HashSet<int>();
        for (int answer = 0; answer < (piece == 1 ? 60 : 500); answer++)
            Assert.True(ids.Add(BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(client))));
        await writing;

        async Task WriteAsync()
        {
            foreach (byte[] part in all.Chunk(piece))
                await client.Stream.WriteAsync(part);
        }
    }

    [Fact]
    public async Task An_answer_that_is_there_does_not_wait_for_one_that_is_not()
    {
        await using TlsClient client = await ConnectAsync(_server);
        await client.Stream.WriteAsync(Framed(9, "www.site.test"));
        await ReadAsync(client);
        await client.Stream.WriteAsync((byte[])[.. Framed(1, "slow.site.test"), .. Framed(2, "www.site.test")]);

        Assert.Equal(2, BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(client)));
        // It ends its side, and hears the rest.
        await client.Stream.ShutdownAsync();
        _maySlow.SetResult();
        Assert.Equal(1, BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(client)));
        Assert.True(await client.EndsAsync());
    }

    [Theory]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { 0, 3, 1, 2, 3 })]
    [InlineData(new byte[] { 0, 12, 0, 1, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 0 })]
    public async Task What_is_no_query_ends_the_connection(byte[] message)
    {
        await using TlsClient client = await ConnectAsync(_server);
        await client.Stream.WriteAsync(message);

        Assert.True(await client.EndsAsync());
        await Eventually.HoldsAsync(async () => (await _server.ObituariesAsync()).Any(obituary => obituary is { Reason: CloseReason.ProtocolError, Detail: "no DNS query (RFC 1035 4.1)" }), "an obituary");
    }

    [Fact]
    public async Task Whoever_may_not_ask_is_refused_and_what_is_off_is_not_offered()
    {
        await using RunningServer closed = await StartAsync("dns.allow=[\"192.0.2.0/24\"]");
        await using (TlsClient client = await ConnectAsync(closed))
        {
            await client.Stream.WriteAsync(Framed(1, "www.site.test"));
            Assert.Equal(5, (await ReadAsync(client))[3] & 15);
        }

        await using RunningServer off = await StartAsync("dns.dot.enabled=off");
        await Assert.ThrowsAnyAsync<System.Security.Authentication.AuthenticationException>(() => ConnectAsync(off));
    }

    [Fact]
    public async Task A_silent_connection_is_ended_in_order_and_so_is_every_one_by_a_drain()
    {
        await using RunningServer server = await StartAsync("dns.dot.idle=300ms");
        await using (TlsClient idle = await ConnectAsync(server))
            Assert.Empty(await RoutingHost.ReadToEndAsync(idle.Stream));
        await using TlsClient client = await ConnectAsync(_server);
        await client.Stream.WriteAsync(Framed(1, "www.site.test"));
        await ReadAsync(client);
        ConnectionSnapshot shown = Assert.Single(await _server.ConnectionsAsync());
        _server.Supervisor.Tell(new TellConnection(shown.Id, new Drain(TimeSpan.FromMinutes(5))), Akka.Actor.ActorRefs.NoSender);

        Assert.Empty(await RoutingHost.ReadToEndAsync(client.Stream));
    }

    [SkippableFact]
    public async Task Kdig_gets_its_padded_answer()
    {
        Skip.If(TestProgram.Find("kdig") is null, "kdig is not installed (Debian: knot-dnsutils)");
        string root = Actors443.Certificates.LocalCa.RootPathIn(Actors443.Certificates.LocalCa.FolderIn(Path.Combine(_server.StateDirectory, "state")));

        string said = await TunnelClientTests.RunAsync(
            "kdig", "@127.0.0.1", "-p", $"{_server.HttpsPort}", $"+tls-ca={root}", "+tls-hostname=localhost", "+dnssec", "+keepopen", "www.site.test", "A", "other.site.test", "A");

        Assert.Contains("status: NOERROR", said, StringComparison.Ordinal);
        Assert.Matches(@"www\.site\.test\.\s+(300|299)\s+IN\s+A\s+192\.0\.2\.1", said);
        Assert.Matches(@"other\.site\.test\.\s+(300|299)\s+IN\s+A\s+192\.0\.2\.1", said);
        Assert.Contains("Received 468 B", said, StringComparison.Ordinal);
        Assert.Contains("(TCP)", said, StringComparison.Ordinal);
    }

    private Task<RunningServer> StartAsync(params string[] settings) => RunningServer.StartAsync(
        """actors443.sites { "*" { respond = "site" } }""", ["engine=" + engine, $"dns.upstreams=\"{_upstream.EndPoint}\"", "dns.dot.enabled=on", .. settings]);

    private static Task<TlsClient> ConnectAsync(RunningServer server) => TlsClient.ConnectAsync(server.HttpsPort, configure: options => options.ApplicationProtocols = [Dot]);

    private static byte[] Framed(ushort id, string name)
    {
        byte[] message = DnsTestMessage.Query(name, id: id);
        return [(byte)(message.Length >> 8), (byte)message.Length, .. message];
    }

    private static async Task<byte[]> ReadAsync(TlsClient client)
    {
        byte[] prefix = await RoutingHost.ReadAsync(client.Stream, 2);
        return await RoutingHost.ReadAsync(client.Stream, BinaryPrimitives.ReadUInt16BigEndian(prefix));
    }
}
