using System.Net;
using Actors443.Listening;
using Actors443.Server.Cli;

namespace Actors443.Tests.Cli;

public class StartupBannerTests
{
    [Theory]
    [InlineData("[::]:443", "*", "https://localhost/")]
    [InlineData("127.0.0.1:8443", "*", "https://localhost:8443/")]
    [InlineData("0.0.0.0:443", "*.example.com,example.com", "https://example.com/")]
    [InlineData("[2001:db8::1]:8443", "example.com", "https://[2001:db8::1]:8443/")]
    [InlineData("192.0.2.1:443", "example.com", "https://192.0.2.1/")]
    public void The_address_to_open_is_one_that_a_browser_on_this_machine_reaches(string bound, string sites, string expected) =>
        Assert.Equal(expected, Banner(bound, null, sites.Split(',')).Address);

    [Fact]
    public void A_fall_back_is_told_with_its_reason_and_nothing_is_wrapped_in_a_pipe()
    {
        using var output = new StringWriter { NewLine = "\n" };
        string reason = "Not permitted to listen on [::]:443: " + new string('x', 300);

        Banner("[::]:8443", reason, ["*"]).Write(new CommandConsole(output, TextWriter.Null, isTerminal: false, errorIsTerminal: false, colour: true, width: 80));

        string text = output.ToString();
        Assert.Contains("https://localhost:8443/", text, StringComparison.Ordinal);
        Assert.Contains(reason, text, StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:9443/ (healthz", text, StringComparison.Ordinal);
        Assert.Contains("--cacert /state/root.crt", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\x1b', text);
    }

    private static StartupBanner Banner(string bound, string? fallback, string[] sites) => new()
    {
        Version = "1.2.3",
        Listeners = [new BoundListenerInfo("http-80", false, [IPEndPoint.Parse("[::]:80")], null), new BoundListenerInfo("https-443", true, [IPEndPoint.Parse(bound)], fallback)],
        Sites = sites,
        LocalRoot = "/state/root.crt",
        Admin = "http://127.0.0.1:9443/",
    };
}
