using System.Diagnostics;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Welcome;

/// <summary>The page as a real browser sees it.</summary>
public sealed class BrowserTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _profile = new();
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _profile.Dispose();

    [SkippableFact]
    public async Task Chromium_runs_the_page_over_HTTP_2_and_finds_nothing_to_complain_about()
    {
        Skip.IfNot(File.Exists("/usr/bin/chromium"), "chromium is missing: apt install chromium");
        var start = new ProcessStartInfo("/usr/bin/chromium") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--ignore-certificate-errors", "--enable-logging=stderr", "--v=0", "--virtual-time-budget=6000", $"--user-data-dir={_profile.Path}", "--dump-dom", _server.Https.AbsoluteUri,
        ])
            start.ArgumentList.Add(argument);
        using Process chromium = Process.Start(start)!;
        Task<string> errors = chromium.StandardError.ReadToEndAsync();
        string dom = await chromium.StandardOutput.ReadToEndAsync();
        await chromium.WaitForExitAsync();

        Assert.Contains("An actor owns your connection.", dom, StringComparison.Ordinal);
        Assert.Contains("<dd data-live=\"protocol\">HTTP/2</dd>", dom, StringComparison.Ordinal);
        // The script has run, and its own requests have been answered.
        Assert.Contains("class=\"pill good\" id=\"live\">live</span>", dom, StringComparison.Ordinal);
        Assert.DoesNotContain("CONSOLE", await errors, StringComparison.Ordinal);
    }
}
