using System.Net;
using Actors443.Configuration;
using Actors443.Server.Configuration;
using Actors443.Tests.Configuration;
using Actors443.Tunnels.Targets;

namespace Actors443.Tests.Tunnels;

/// <summary>Where tunnels may lead, by rules as they are written in settings.</summary>
public sealed class TargetPolicyTests : SettingsFixture
{
    [Theory]
    [InlineData("*:*", "example.com:443", "93.184.216.34", "Allowed")]
    [InlineData("*:*", "93.184.216.34:443", "93.184.216.34", "Allowed")]
    [InlineData("*:443", "example.com:80", "93.184.216.34", "NotAllowed")]
    [InlineData("*:8000-8999", "example.com:8999", "93.184.216.34", "Allowed")]
    [InlineData("*:8000-8999", "example.com:9000", "93.184.216.34", "NotAllowed")]
    [InlineData("example.com:443", "EXAMPLE.com.:443", "93.184.216.34", "Allowed")]
    [InlineData("example.com:443", "www.example.com:443", "93.184.216.34", "NotAllowed")]
    [InlineData("example.com:443", "93.184.216.34:443", "93.184.216.34", "NotAllowed")]
    [InlineData("*.example.com:443", "www.example.com:443", "93.184.216.34", "Allowed")]
    [InlineData("*.example.com:443", "a.b.example.com:443", "93.184.216.34", "Allowed")]
    [InlineData("*.example.com:443", "example.com:443", "93.184.216.34", "NotAllowed")]
    [InlineData("*.example.com:443", "evilexample.com:443", "93.184.216.34", "NotAllowed")]
    [InlineData("bücher.example:443", "xn--bcher-kva.example:443", "93.184.216.34", "Allowed")]
    [InlineData("93.184.0.0/16:443", "example.com:443", "93.184.216.34", "Allowed")]
    [InlineData("93.184.0.0/16:443", "example.com:443", "93.185.216.34", "NotAllowed")]
    [InlineData("[2606:2800::]/32:443", "example.com:443", "2606:2800:220:1::1", "Allowed")]
    [InlineData("*:*", "h.test:1", "0.0.0.0", "NotPublic")]
    [InlineData("*:*", "h.test:1", "10.1.2.3", "NotPublic")]
    [InlineData("*:*", "h.test:1", "100.64.0.1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "127.0.0.1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "127.255.255.254", "NotPublic")]
    [InlineData("*:*", "h.test:1", "169.254.1.1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "169.254.169.254", "NotPublic")]
    [InlineData("*:*", "h.test:1", "172.31.255.255", "NotPublic")]
    [InlineData("*:*", "h.test:1", "172.32.0.1", "Allowed")]
    [InlineData("*:*", "h.test:1", "192.168.1.1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "198.18.0.1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "224.0.0.1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "255.255.255.255", "NotPublic")]
    [InlineData("*:*", "h.test:1", "::", "NotPublic")]
    [InlineData("*:*", "h.test:1", "::1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "::ffff:127.0.0.1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "::ffff:93.184.216.34", "Allowed")]
    [InlineData("*:*", "h.test:1", "::127.0.0.1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "64:ff9b::7f00:1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "64:ff9b::a9fe:a9fe", "NotPublic")]
    [InlineData("*:*", "h.test:1", "64:ff9b::5db8:d822", "Allowed")]
    [InlineData("*:*", "h.test:1", "64:ff9b:1::1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "2002:7f00:1::1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "2002:a9fe:a9fe::", "NotPublic")]
    [InlineData("*:*", "h.test:1", "2002:5db8:d822::1", "Allowed")]
    [InlineData("*:*", "h.test:1", "2001:0:5db8:d822:0:0:80ff:fffe", "NotPublic")]
    [InlineData("*:*", "h.test:1", "2606:2800:220:1:0:5efe:a00:1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "fc00::1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "fd00:ec2::254", "NotPublic")]
    [InlineData("*:*", "h.test:1", "fe80::1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "ff02::1", "NotPublic")]
    [InlineData("*:*", "h.test:1", "2606:2800:220:1::1", "Allowed")]
    [InlineData("0.0.0.0/0:*", "h.test:1", "10.1.2.3", "NotPublic")]
    [InlineData("10.0.0.0/8:*", "h.test:1", "10.1.2.3", "Allowed")]
    [InlineData("10.0.0.0/8:22", "h.test:23", "10.1.2.3", "NotAllowed")]
    [InlineData("10.1.2.3:*", "10.1.2.3:1", "10.1.2.3", "Allowed")]
    [InlineData("169.254.0.0/16:*", "h.test:80", "169.254.1.1", "Allowed")]
    [InlineData("169.254.0.0/16:*", "h.test:80", "169.254.169.254", "NotPublic")]
    [InlineData("169.254.169.254:80", "h.test:80", "169.254.169.254", "Allowed")]
    [InlineData("[fc00::]/7:*", "h.test:80", "fd00:ec2::254", "NotPublic")]
    [InlineData("127.0.0.1:22", "h.test:22", "::ffff:127.0.0.1", "Allowed")]
    [InlineData("h.test:22", "h.test:22", "10.1.2.3", "NotPublic")]
    public void An_address_is_allowed_by_a_rule_and_by_being_public_or_named(string rule, string target, string address, string verdict)
    {
        TargetPolicy policy = Policy($"allow = [\"{rule}\"]");

        Assert.Equal(verdict, policy.Check(TunnelTarget.Parse(target)!, IPAddress.Parse(address)).ToString());
    }

    [Theory]
    [InlineData("10.1.2.3", "Allowed")]
    [InlineData("10.2.2.3", "NotPublic")]
    [InlineData("93.184.216.34", "Allowed")]
    [InlineData("2002:a01:203::1", "Allowed")]
    public void A_name_leads_to_private_networks_that_are_named(string address, string verdict)
    {
        TargetPolicy policy = Policy("allow = [\"db.test:5432\"], private-networks = [\"10.1.0.0/16\"]");

        Assert.Equal(verdict, policy.Check(TunnelTarget.Parse("db.test:5432")!, IPAddress.Parse(address)).ToString());
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("example.com:")]
    [InlineData("example.com:0")]
    [InlineData("example.com:65536")]
    [InlineData("example.com:+1")]
    [InlineData("example.com: 1")]
    [InlineData("example.com:1:2")]
    [InlineData(":443")]
    [InlineData("2001:db8::1:443")]
    [InlineData("[2001:db8::1]")]
    [InlineData("[2001:db8::1%eth0]:443")]
    [InlineData("[127.0.0.1]:443")]
    [InlineData("[example.com]:443")]
    [InlineData("127.1:443")]
    [InlineData("2130706433:443")]
    [InlineData("0x7f000001:443")]
    [InlineData("0x7f.0.0.1:443")]
    [InlineData("0177.0.0.1:443")]
    [InlineData("localhost.0x7f:443")]
    [InlineData("ex ample.com:443")]
    [InlineData("example..com:443")]
    [InlineData("-example.com:443")]
    [InlineData("user@example.com:443")]
    [InlineData("example.com/:443")]
    [InlineData("bücher.example:443")]
    [InlineData("https://example.com:443")]
    public void What_is_no_target_is_none(string written) => Assert.Null(TunnelTarget.Parse(written));

    private TargetPolicy Policy(string account)
    {
        ServerSettings settings = Good($$"""actors443 { tunnels.accounts { a { token = "0123456789abcdef", {{account}} } } }""");
        TunnelAccountSettings read = settings.Core.Tunnels.Accounts["a"];
        return new TargetPolicy(read.Allow, read.PrivateNetworks);
    }
}
