using Actors443.Testing;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>curl with the server as its proxy over TLS.</summary>
public sealed class CurlTests
{
    [SkippableTheory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task Curl_fetches_an_https_page_through_a_tunnel(string engine)
    {
        Skip.If(TestProgram.Find("curl") is null, "curl is not installed");
        await using RunningServer site = await RunningServer.StartAsync("actors443.sites { \"*\" { respond = \"the site behind\" } }");
        await using RunningServer server = await TunnelServer.StartAsync(engine);

        string answer = await RunAsync(
            "-s", "-S", "-k", "--proxy-insecure", "-x", $"https://localhost:{server.HttpsPort}", "--proxy-user", "alice:" + TunnelServer.Token, $"https://localhost:{site.HttpsPort}/");

        Assert.Contains("the site behind", answer, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task Curl_with_a_wrong_token_gets_none(string engine)
    {
        Skip.If(TestProgram.Find("curl") is null, "curl is not installed");
        await using RunningServer server = await TunnelServer.StartAsync(engine);

        string answer = await RunAsync(
            "-s", "-S", "-k", "--proxy-insecure", "-x", $"https://localhost:{server.HttpsPort}", "--proxy-user", "alice:wrong", "https://localhost:1/");

        Assert.Contains("response 405", answer, StringComparison.Ordinal);
    }

    internal static async Task<string> RunAsync(params string[] arguments)
    {
        await using TestProgram curl = TestProgram.Start("curl", ["--max-time", "30", .. arguments], new Dictionary<string, string> { ["NO_PROXY"] = "", ["no_proxy"] = "" });
        await Eventually.HoldsAsync(() => curl.HasExited, "curl is done", TimeSpan.FromSeconds(40));
        await curl.EndAsync();
        return curl.Output;
    }
}
