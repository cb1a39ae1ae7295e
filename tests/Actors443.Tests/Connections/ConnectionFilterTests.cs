using System.Net;
using System.Security.Authentication;
using Actors443.Connections;
using Actors443.Connections.Directory;

namespace Actors443.Tests.Connections;

public class ConnectionFilterTests
{
    private static readonly ConnectionSnapshot Connection = new()
    {
        Id = "1a2b",
        Listener = "https-443",
        State = ConnectionState.Open,
        Remote = new IPEndPoint(IPAddress.Parse("::ffff:203.0.113.9"), 50_000),
        Age = TimeSpan.FromMinutes(90),
        Idle = TimeSpan.FromSeconds(4),
        ServerName = "shop.example.com",
        ApplicationProtocol = "h2",
        TlsVersion = SslProtocols.Tls13,
        ClientCertificate = "CN=Alice Example",
        Requests = 12,
        RequestsInFlight = 0,
        BytesRead = 60 * 1024,
        BytesWritten = 5 * 1024,
    };

    [Theory]
    [InlineData("")]
    [InlineData("sni = shop.example.com")]
    [InlineData("sni=SHOP.example.com and protocol=h2")]
    [InlineData("sni = *.example.com AND tls = 1.3")]
    [InlineData("sni = shop* and sni = *example*")]
    [InlineData("address = 203.0.113.0/24")]
    [InlineData("address = 203.0.113.9 and address != 10.0.0.0/8")]
    [InlineData("age > 1h and age < 2h and idle <= 4s")]
    [InlineData("bytes > 64KiB and requests >= 12 and requests != 13")]
    [InlineData("state = open and state != draining")]
    [InlineData("principal = \"CN=Alice Example\"")]
    [InlineData("certificate = 'CN=Alice Example'")]
    [InlineData("route != git")]
    [InlineData("node = anything")]
    public void It_is_meant(string filter) => Assert.True(ConnectionFilter.Parse(filter).Matches(Connection));

    [Theory]
    [InlineData("sni = other.example.com")]
    [InlineData("sni = *.example.com and age < 1h")]
    [InlineData("address = 198.51.100.0/24")]
    [InlineData("route = git")]
    [InlineData("bytes < 64KiB")]
    [InlineData("tls = 1.2")]
    public void It_is_not_meant(string filter) => Assert.False(ConnectionFilter.Parse(filter).Matches(Connection));

    [Theory]
    [InlineData("protocol = akka-remote/1", true)]
    [InlineData("age > 1h and protocol = akka*", true)]
    [InlineData("id = 1a2b", true)]
    [InlineData("", false)]
    [InlineData("node = 10.0.0.1:443 and state = upgraded", false)]
    [InlineData("protocol != h2", false)]
    [InlineData("id != 1a2b", false)]
    public void Connections_between_nodes_are_acted_upon_only_by_what_they_are(string filter, bool are) => Assert.Equal(are, ConnectionFilter.Parse(filter).NamesWhatTheyAre);

    [Fact]
    public void A_connection_is_its_principals_rather_than_its_certificates()
    {
        ConnectionSnapshot alices = Connection with { Principal = "alice" };

        Assert.True(ConnectionFilter.Parse("principal = alice").Matches(alices));
        Assert.False(ConnectionFilter.Parse("principal = 'CN=Alice Example'").Matches(alices));
    }

    [Fact]
    public void Conditions_on_the_node_say_whom_to_ask()
    {
        ConnectionFilter filter = ConnectionFilter.Parse("node = 10.0.0.1:2552").And(ConnectionFilter.Parse("age > 1m"));

        Assert.True(filter.MayBeOn("10.0.0.1:2552"));
        Assert.False(filter.MayBeOn("10.0.0.2:2552"));
        Assert.True(ConnectionFilter.All.MayBeOn("10.0.0.2:2552"));
        Assert.Equal("node = 10.0.0.1:2552 and age > 1m", filter.Text);
    }

    [Theory]
    [InlineData("agee > 5m", "did you mean 'age'?")]
    [InlineData("age > soon", "write a duration")]
    [InlineData("age 5m", "needs a sign and a value, such as age > 5m")]
    [InlineData("sni", "needs a sign and a value, such as sni = something")]
    [InlineData("sni = a sni = b", "join conditions by and")]
    [InlineData("sni = a and", "a condition is missing after 'and'")]
    [InlineData("sni > a", "compared by = or !=")]
    [InlineData("state = asleep", "hello-read")]
    [InlineData("address = shop.example.com", "write an address or a network")]
    [InlineData("requests > many", "write a number")]
    public void What_cannot_be_understood_is_explained(string filter, string expected)
    {
        Assert.False(ConnectionFilter.TryParse(filter, out _, out string? problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.Equal(problem, Assert.Throws<FormatException>(() => ConnectionFilter.Parse(filter)).Message);
    }
}
