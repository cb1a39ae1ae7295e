using System.Net;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Server.Admin;
using Actors443.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Actors443.Tests.Cli;

public class ConnectionQueryTests
{
    [Theory]
    [InlineData("?sort=colour", "age, requests, bytes")]
    [InlineData("?state=asleep", "hello-read")]
    [InlineData("?limit=0", "1 to 10000")]
    [InlineData("?limit=10001", "1 to 10000")]
    [InlineData("?offset=-1", "number from 0")]
    [InlineData("?sni=", "sni is empty")]
    [InlineData("?sni=a&sni=b", "given 2 times")]
    [InlineData("?where=agee%20%3E%205m", "did you mean 'age'?")]
    [InlineData("?colour=red", "'colour' is not a parameter")]
    public void A_bad_parameter_is_named_with_what_it_may_be(string query, string expected)
    {
        Assert.False(ConnectionQuery.TryParse(Parse(query), out _, out string? problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_client_writes_the_server_reads()
    {
        var query = new ConnectionQuery { Order = ConnectionOrder.Bytes, State = ConnectionState.HelloRead, ServerName = "*.a&b.example", Listener = "https-443", Offset = 5, Limit = 10_000 };

        Assert.True(ConnectionQuery.TryParse(Parse(query.ToQueryString()), out ConnectionQuery read, out _));
        Assert.Equal(query, read);
    }

    [Theory]
    [InlineData("", "c b a")]
    [InlineData("?sort=requests", "a c b")]
    [InlineData("?sort=bytes", "b c a")]
    [InlineData("?state=open", "c a")]
    [InlineData("?sni=one.example.com", "a")]
    [InlineData("?sni=*.EXAMPLE.com", "c a")]
    [InlineData("?sni=*.other.com", "")]
    [InlineData("?listener=https-443", "c b a")]
    [InlineData("?offset=1&limit=1", "b")]
    [InlineData("?offset=99", "")]
    [InlineData("?where=requests%20%3C%205%20and%20sni%20=%20*example.com&sort=bytes", "b c")]
    public async Task Connections_are_filtered_sorted_and_paged(string query, string expected)
    {
        ConnectionSnapshot[] connections =
        [
            Connection("a", 1, requests: 9, bytes: 1, ConnectionState.Open, "one.example.com"),
            Connection("b", 2, requests: 1, bytes: 9, ConnectionState.Handshaking, "example.com"),
            Connection("c", 3, requests: 1, bytes: 5, ConnectionState.Open, "two.example.com"),
        ];

        Assert.True(ConnectionQuery.TryParse(Parse(query), out ConnectionQuery read, out _));
        ConnectionPage page = await read.AskAsync(new FixedDirectory(connections), CancellationToken.None);

        Assert.Equal(expected, string.Join(' ', page.Connections.Select(connection => connection.Id)));
        Assert.Equal(3, page.Total);
    }

    private static QueryCollection Parse(string query) => new(QueryHelpers.ParseQuery(query));

    private static ConnectionSnapshot Connection(string id, int age, long requests, long bytes, ConnectionState state, string name) => new()
    {
        Id = id,
        Listener = "https-443",
        State = state,
        Remote = new IPEndPoint(IPAddress.Loopback, 1),
        Age = TimeSpan.FromSeconds(age),
        Idle = TimeSpan.Zero,
        ServerName = name,
        Requests = requests,
        RequestsInFlight = 0,
        BytesRead = bytes,
        BytesWritten = 0,
    };
}
