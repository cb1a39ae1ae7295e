using Actors443.Server.AccessLogs;
using Actors443.Server.Configuration;

namespace Actors443.Tests.AccessLogs;

public sealed class AccessLogRedactionTests
{
    [Theory]
    [InlineData("/a", "/a")]
    [InlineData("/a?", "/a?")]
    [InlineData("/a?b=c&d=e", "/a?b=c&d=e")]
    [InlineData("/a?token=1", "/a?token=…")]
    [InlineData("/a?TOKEN=1&b=2", "/a?TOKEN=…&b=2")]
    [InlineData("/a?b=2&password=1&token=&c=3", "/a?b=2&password=…&token=…&c=3")]
    [InlineData("/a?token", "/a?token")]
    [InlineData("/a?tokens=1", "/a?tokens=1")]
    [InlineData("/a?%74%6fken=1", "/a?%74%6fken=…")]
    [InlineData("/a?access%5ftoken=a=b", "/a?access%5ftoken=…")]
    [InlineData("/a?user[password]=1", "/a?user[password]=…")]
    [InlineData("/a?user%5Bpassword%5D=1", "/a?user%5Bpassword%5D=…")]
    [InlineData("/a?b=1;token=2;3&c=4", "/a?b=1;token=…&c=4")]
    [InlineData("/a?b=?token=2", "/a?b=?token=2")]
    [InlineData("https://alice:hidden@example.com/a?b=c", "https://…@example.com/a?b=c")]
    [InlineData("https://alice:hid@den@example.com", "https://…@example.com")]
    [InlineData("https://example.com/a@b?token=1", "https://example.com/a@b?token=…")]
    public void Of_an_address_what_is_secret_is_hidden(string written, string noted) =>
        Assert.Equal(noted, new AccessLogRedaction(new AccessLogSettings()).Address(written));

    [Fact]
    public void What_hides_nothing_is_the_same_text()
    {
        const string target = "/a?page=2&sort=name";
        Assert.Same(target, new AccessLogRedaction(new AccessLogSettings()).Address(target));
    }

    [Fact]
    public void The_list_is_the_settings_own()
    {
        var redaction = new AccessLogRedaction(new AccessLogSettings { Redact = ["pin"] });

        Assert.Equal("/a?token=1&pin=…", redaction.Address("/a?token=1&pin=2"));
        Assert.Equal("b", redaction.Header("Cookie", "b"));
        Assert.Equal("…", redaction.Header("PIN", "b"));
        Assert.Null(redaction.Header("pin", default));
    }

    [Fact]
    public void All_of_a_query_can_be_hidden() =>
        Assert.Equal("https://…@example.com/?…", new AccessLogRedaction(new AccessLogSettings { RedactQuery = true }).Address("https://alice:hidden@example.com/?page=2"));
}
