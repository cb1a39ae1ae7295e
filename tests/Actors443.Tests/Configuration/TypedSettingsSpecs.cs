using System.Net;
using Actors443.Configuration;
using Actors443.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Actors443.Tests.Configuration;

/// <summary>What well-formed values of each type come out as.</summary>
public sealed class TypedSettingsSpecs : SettingsFixture
{
    [Theory]
    [InlineData("\"[::]:443\"", "[::]:443")]
    [InlineData("\":8443\"", "[::]:8443")]
    [InlineData("\"*:8443\"", "[::]:8443")]
    [InlineData("8443", "[::]:8443")]
    [InlineData("\"127.0.0.1:0\"", "127.0.0.1:0")]
    [InlineData("[\"127.0.0.1:1\", \"[::1]:2\"]", "127.0.0.1:1 [::1]:2")]
    public void An_end_point_is_an_address_with_a_port_or_a_port(string written, string expected)
    {
        HttpsSettings https = Good($"actors443.https.bind = {written}").Core.Https;

        Assert.Equal(expected, string.Join(' ', https.Bind));
        Assert.True(https.BindIsExplicit);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[ ]")]
    [InlineData("[\n  # nobody yet\n]")]
    [InlineData("[\n\n]")]
    public void A_list_with_nothing_but_space_in_it_is_empty(string written) =>
        Assert.Empty(Good($"actors443.https.proxy-protocol.trust = {written}").Core.Https.ProxyProtocol.Trust);

    [Theory]
    [InlineData("10s", 10_000)]
    [InlineData("5 minutes", 300_000)]
    [InlineData("1 minute", 60_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("250 ms", 250)]
    [InlineData("2d", 172_800_000)]
    [InlineData("1 week", 604_800_000)]
    public void A_duration_is_a_number_with_a_unit(string written, double milliseconds) =>
        Assert.Equal(milliseconds, Good($"actors443.deadlines.idle = {written}").Core.Deadlines.Idle.TotalMilliseconds);

    [Theory]
    [InlineData("8192", 8192)]
    [InlineData("8KiB", 8192)]
    [InlineData("8k", 8192)]
    [InlineData("8 kB", 8000)]
    [InlineData("1.5MiB", 1_572_864)]
    [InlineData("2GB", 2_000_000_000)]
    [InlineData("off", null)]
    public void A_size_is_a_number_of_bytes_with_a_unit_or_without(string written, object? bytes) =>
        Assert.Equal(bytes is null ? null : Convert.ToInt64(bytes, System.Globalization.CultureInfo.InvariantCulture), Good($"actors443.https.limits.request-body = {written}").Core.Https.Limits.RequestBody);

    [Theory]
    [InlineData("0.25")]
    [InlineData("25%")]
    public void A_share_is_a_fraction_or_a_percentage(string written) =>
        Assert.Equal(0.25, Good($"actors443.telemetry.trace-ratio = {written}").Telemetry.TraceRatio);

    [Theory]
    [InlineData("on", true)]
    [InlineData("true", true)]
    [InlineData("yes", true)]
    [InlineData("off", false)]
    [InlineData("false", false)]
    public void A_switch_is_on_or_off(string written, bool expected) => Assert.Equal(expected, Good($"actors443.https.strict-sni = {written}").Core.Https.StrictSni);

    [Fact]
    public void Off_switches_off_what_can_be_off()
    {
        ServerSettings settings = Good("""
            actors443 {
              deadlines { age = 5m, upgraded-idle = off }
              https.limits.minimum-rate = off
              access-log.rotate-bytes = off
              admission.load.memory.pause = off
            }
            """);

        Assert.Equal(TimeSpan.FromMinutes(5), settings.Core.Deadlines.Age);
        Assert.Null(settings.Core.Deadlines.UpgradedIdle);
        Assert.Equal(0, settings.Core.Https.Limits.MinimumRate);
        Assert.Equal(0, settings.AccessLog.RotateBytes);
        Assert.Equal(new LoadThreshold(0.85, null), settings.Core.Admission.Load.Memory);
    }

    [Fact]
    public void Networks_are_addresses_with_or_without_a_mask()
    {
        IReadOnlyList<IPNetwork> exempt = Good("""actors443.admission.per-client.exempt = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]""").Core.Admission.PerClient.Exempt;

        Assert.Equal([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.0.2.7/32"), IPNetwork.Parse("2001:db8::/32")], exempt);
        Assert.True(Good("""actors443.admission.per-client.exempt = "10.1.2.3/8" """).Core.Admission.PerClient.Exempt[0].Contains(IPAddress.Parse("10.200.0.1")));
    }

    [Fact]
    public void Names_of_choices_may_be_in_any_case_and_h2_alone_is_allowed()
    {
        ServerSettings settings = Good("actors443 { https { tls = MODERN, protocols = h2 }, log { level = warn, levels { Actors443.Connections = debug, \"Actors443.Sites\" = none } } }");

        Assert.Equal(TlsPolicyName.Modern, settings.Core.Https.Tls);
        Assert.Equal(["h2"], settings.Core.Https.Protocols);
        Assert.Equal(LogLevel.Warning, settings.Log.Level);
        Assert.Equal([new("Actors443.Connections", LogLevel.Debug), new("Actors443.Sites", LogLevel.None)], settings.Log.Levels);
    }

    [Fact]
    public void Relative_paths_start_from_the_folder_of_the_file_that_names_them()
    {
        Write("certs/site.pem", "");
        Write("certs/inner.conf", """actors443.certificates.files = [ { chain = "site.pem", names = "a.example" } ]""");

        ServerSettings settings = Good("""
            include "certs/inner.conf"
            actors443 { certificates.directories = certs, state-directory = state }
            """);

        Assert.Equal(Path.Combine(Folder, "certs", "site.pem"), settings.Core.Certificates.Files[0].Chain);
        Assert.Equal(["a.example"], settings.Core.Certificates.Files[0].Names);
        Assert.Equal([Path.Combine(Folder, "certs")], settings.Core.Certificates.Directories);
        Assert.Equal(Path.Combine(Folder, "state"), settings.Core.StateDirectory);
    }

    [Fact]
    public void All_problems_are_told_at_once_in_the_order_of_the_lines() => Assert.Equal(
        [
            "test.conf:2: actors443.engine: 'fast' is not known; write one of auto, event-loop, portable",
            "test.conf:3: unknown key 'actors443.https.bnd'; did you mean 'bind'?",
            "test.conf:3: actors443.https.backlog: 0 is out of range; write a whole number from 1 to 1000000",
            "test.conf:4: actors443.drain.deadline: '30' has no unit; write 30s or 30ms",
        ],
        Problems("""
            actors443 {
              engine = fast
              https { bnd = 443, backlog = 0 }
              drain.deadline = 30
            }
            """).Order(StringComparer.Ordinal).OrderBy(line => line[10]).ThenByDescending(line => line.Contains("unknown", StringComparison.Ordinal)));
}
