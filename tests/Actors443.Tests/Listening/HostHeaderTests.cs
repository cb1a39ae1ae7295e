using Actors443.Listening;

namespace Actors443.Tests.Listening;

public sealed class HostHeaderTests
{
    [Theory]
    [InlineData("example.com", "example.com", null)]
    [InlineData("Example.COM", "example.com", null)]
    [InlineData("example.com:8080", "example.com", 8080)]
    [InlineData("example.com:", "example.com", null)]
    [InlineData("example.com.", "example.com", null)]
    [InlineData("example.com.:443", "example.com", 443)]
    [InlineData("xn--mnchen-3ya.de", "xn--mnchen-3ya.de", null)]
    [InlineData("xn--mnchen-3ya.de:8443", "xn--mnchen-3ya.de", 8443)]
    [InlineData("localhost", "localhost", null)]
    [InlineData("a-b.c1", "a-b.c1", null)]
    [InlineData("127.0.0.1:80", "127.0.0.1", 80)]
    [InlineData("[::1]", "::1", null)]
    [InlineData("[::1]:8443", "::1", 8443)]
    [InlineData("[0:0:0:0:0:0:0:1]", "::1", null)]
    [InlineData("[2001:DB8::A]", "2001:db8::a", null)]
    public void A_host_is_read_as_it_is_compared(string header, string? name, int? port)
    {
        HostHeader? parsed = HostHeader.Parse(header);

        Assert.Equal(name, parsed?.Name);
        Assert.Equal(port, parsed?.Port);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(".")]
    [InlineData(":80")]
    [InlineData("example com")]
    [InlineData("example.com ")]
    [InlineData("user@example.com")]
    [InlineData("user:pass@example.com")]
    [InlineData("example.com/path")]
    [InlineData("example.com?query")]
    [InlineData("example.com#fragment")]
    [InlineData("example.com\\evil.com")]
    [InlineData("example.com\r\nSet-Cookie: a=b")]
    [InlineData("example.com\0")]
    [InlineData("example..com")]
    [InlineData(".example.com")]
    [InlineData("-example.com")]
    [InlineData("example-.com")]
    [InlineData("under_score.com")]
    [InlineData("xn--")]
    [InlineData("münchen.de")]
    [InlineData("example.com,evil.com")]
    [InlineData("example.com:0")]
    [InlineData("example.com:65536")]
    [InlineData("example.com:-1")]
    [InlineData("example.com:+80")]
    [InlineData("example.com: 80")]
    [InlineData("example.com:80a")]
    [InlineData("example.com:80:80")]
    [InlineData("::1")]
    [InlineData("[::1")]
    [InlineData("::1]")]
    [InlineData("[]")]
    [InlineData("[example.com]")]
    [InlineData("[127.0.0.1]")]
    [InlineData("[fe80::1%25eth0]")]
    [InlineData("[::1]evil.com")]
    [InlineData("[::1]:0")]
    public void What_is_not_a_host_is_refused(string header) => Assert.Null(HostHeader.Parse(header));

    [Fact]
    public void Names_may_be_as_long_as_the_dns_has_them_and_no_longer()
    {
        string label = new('a', 63);
        string longest = $"{label}.{label}.{label}.{new string('a', 61)}";

        Assert.NotNull(HostHeader.Parse(longest));
        Assert.Null(HostHeader.Parse(longest + "a"));
        Assert.Null(HostHeader.Parse(label + "a.com"));
    }
}
