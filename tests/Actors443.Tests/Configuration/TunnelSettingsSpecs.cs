using Actors443.Configuration;

namespace Actors443.Tests.Configuration;

/// <summary><c>tunnels</c>, good and bad.</summary>
public sealed class TunnelSettingsSpecs : SettingsFixture
{
    private const string Hash = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";

    [Fact]
    public void An_account_is_read_and_its_token_is_not_kept()
    {
        Write("token", "a token of some length\n");
        TunnelSettings tunnels = Good("""
            actors443.tunnels {
              limits { idle = 1m, rate-down = 1MB }
              accounts {
                alice { token = "file:token", allow = ["git.example.com:22", "*.example.com:*", "10.0.0.0/8:8000-8999", "[2001:db8::]/32:443", "192.0.2.1:7"], limits.age = 1h }
                bob { certificates = ["SHA256:5E:88:48:98:DA:28:04:71:51:D0:E5:6F:8D:C6:29:27:73:60:3D:0D:6A:AB:BD:D6:2A:11:EF:72:1D:15:42:D8"], allow = "*:443" }
              }
            }
            """).Core.Tunnels;

        TunnelAccountSettings alice = tunnels.Accounts["alice"];
        Assert.Equal("ddf1f9dd84b4b07b7f3ff4d7e32ce4fa36a4cc92a4d3e0ecd3c7e3ed3e3bbc04".Length, alice.TokenHash!.Length);
        Assert.DoesNotContain("a token of some length", ReferenceSpecs.Show(tunnels), StringComparison.Ordinal);
        Assert.Equal(["git.example.com:22", "*.example.com:*", "10.0.0.0/8:8000-8999", "[2001:db8::]/32:443", "192.0.2.1/32:7"], alice.Allow.Select(rule => rule.ToString()));
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), 1_000_000L, 100), (alice.Limits.Idle, alice.Limits.Age, alice.Limits.RateDown, alice.Limits.Tunnels));
        Assert.Equal([Hash], tunnels.Accounts["bob"].Certificates);
    }

    [Theory]
    [InlineData("""a { token = "0123456789abcdef" }""", """test.conf:1: actors443.tunnels.accounts.a: may go nowhere; write allow = ["git.example.com:22", "*.example.com:443", "10.0.0.0/8:*"]""")]
    [InlineData("""a { allow = "*:443" }""", """test.conf:1: actors443.tunnels.accounts.a: has no credential; write token-hash = "sha256:…" ('actors443 tunnel token' makes one) or certificates = ["sha256:…"]""")]
    [InlineData("""a { token = "short", allow = "*:443" }""", "test.conf:1: actors443.tunnels.accounts.a.token: has 5 characters and could be guessed; write 16 or more ('actors443 tunnel token' makes one)")]
    [InlineData("""a { token = "file:none", allow = "*:443" }""", "test.conf:1: actors443.tunnels.accounts.a.token: the file 'none' cannot be read; name a readable file")]
    [InlineData("""a { token = "env:NONE_OF_THAT_NAME", allow = "*:443" }""", "test.conf:1: actors443.tunnels.accounts.a.token: the environment has no NONE_OF_THAT_NAME; set it, or name another")]
    [InlineData("""a { token-hash = "sha256:12", allow = "*:443" }""", """test.conf:1: actors443.tunnels.accounts.a.token-hash: is no SHA-256 hash; write "sha256:" and 64 hexadecimal digits, as 'actors443 tunnel token' prints them""")]
    [InlineData("""a { certificates = ["12"], allow = "*:443" }""", """test.conf:1: actors443.tunnels.accounts.a.certificates[0]: is no SHA-256 hash; write "sha256:" and the 64 hexadecimal digits of a client certificate's fingerprint (openssl x509 -noout -fingerprint -sha256)""")]
    [InlineData("""a { token = "0123456789abcdef", token-hash = "sha256:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", allow = "*:443" }""", "test.conf:1: actors443.tunnels.accounts.a.token: token and token-hash are both there; write one of them")]
    [InlineData("""a { token = "0123456789abcdef", allow = "*:443" }, b { token = "0123456789abcdef", allow = "*:443" }""", "test.conf:1: actors443.tunnels.accounts.b: has a credential of the account 'a'; give every account its own")]
    [InlineData("""a { token = "0123456789abcdef", allow = "example.com" }""", """test.conf:1: actors443.tunnels.accounts.a.allow: 'example.com' has no port; write a host or a network with a port, such as "git.example.com:22", "*.example.com:443", "10.0.0.0/8:*" or "[2001:db8::]/32:8000-8999~""")]
    [InlineData("""a { token = "0123456789abcdef", allow = "example.com:0" }""", "test.conf:1: actors443.tunnels.accounts.a.allow: '0' is no port; write a port from 1 to 65535, a range such as 8000-8999, or *")]
    [InlineData("""a { token = "0123456789abcdef", allow = "example.com:9-8" }""", "test.conf:1: actors443.tunnels.accounts.a.allow: '9-8' is no port; write a port from 1 to 65535, a range such as 8000-8999, or *")]
    [InlineData("""a { token = "0123456789abcdef", allow = "10.0.0.1/8:1" }""", """test.conf:1: actors443.tunnels.accounts.a.allow: '10.0.0.1/8' is no network; write a host or a network with a port, such as "git.example.com:22", "*.example.com:443", "10.0.0.0/8:*" or "[2001:db8::]/32:8000-8999~""")]
    [InlineData("""a { token = "0123456789abcdef", allow = "ex*ample.com:1" }""", """test.conf:1: actors443.tunnels.accounts.a.allow: 'ex*ample.com' is no host; write a host or a network with a port, such as "git.example.com:22", "*.example.com:443", "10.0.0.0/8:*" or "[2001:db8::]/32:8000-8999~""")]
    [InlineData("""a { token = "0123456789abcdef", allow = "127.1:1" }""", """test.conf:1: actors443.tunnels.accounts.a.allow: '127.1' is no host; write a host or a network with a port, such as "git.example.com:22", "*.example.com:443", "10.0.0.0/8:*" or "[2001:db8::]/32:8000-8999~""")]
    [InlineData("""a { token = "0123456789abcdef", allow = "*:443", private-networks = "x" }""", """test.conf:1: actors443.tunnels.accounts.a.private-networks: 'x' is not a network; write a network such as "10.0.0.0/8" or "2001:db8::/32~""")]
    [InlineData("""a { token = "0123456789abcdef", allow = "*:443", limits.rate-up = 5 }""", "test.conf:1: actors443.tunnels.accounts.a.limits.rate-up: 5 is out of range; write a whole number from 1024 to 9007199254740991 (bytes), or off")]
    [InlineData("""a { token = "0123456789abcdef", allow = "*:443", limts.age = 5s }""", "test.conf:1: unknown key 'actors443.tunnels.accounts.a.limts'; did you mean 'limits'?")]
    [InlineData("""a = on""", """test.conf:1: actors443.tunnels.accounts.a: 'on' where a section belongs; write a { token-hash = "sha256:…", allow = ["git.example.com:22"] }""")]
    [InlineData(""" "a:b" { token = "0123456789abcdef", allow = "*:443" }""", "test.conf:1: actors443.tunnels.accounts.\"a:b\": is no name of an account; write letters, digits, '-', '_', '.' and '@', 64 at most")]
    public void What_is_wrong_with_an_account_is_said_with_its_fix(string accounts, string problem) =>
        Assert.Contains(problem.Replace('~', '"'), Problems($$"""actors443 { tunnels.accounts { {{accounts}} } }"""));
}
