using System.Net;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Reload;

/// <summary>The configuration file of a running program, edited as people and deployments edit it.</summary>
public sealed class LiveSettingsTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private string _file = null!;
    private ServerProcess _server = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _file = _folder.Write("site.conf", Site("one"));
        // The file is included, so that it is this test's own and still watched.
        _server = await ServerProcess.StartAsync($"include \"{_file}\"");
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null } })
        {
            BaseAddress = new Uri($"https://localhost:{_server.HttpsPort}/"),
            DefaultRequestVersion = HttpVersion.Version20,
        };
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("in place")]
    [InlineData("by rename")]
    public async Task An_edited_file_is_in_force_without_a_signal_and_without_a_lost_connection(string way)
    {
        Assert.Equal("one", await _client.GetStringAsync("/"));

        Edit(Site("two"), way);

        await Eventually.HoldsAsync(async () => await _client.GetStringAsync("/") == "two", "the edit is in force");
        Assert.DoesNotContain("error", _server.Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_bad_edit_is_refused_with_its_line_and_a_good_one_after_it_is_taken()
    {
        Edit(Site("two") + "\nactors443.deadlines.idel = 5s\n", "in place");

        await Eventually.HoldsAsync(() => _server.Errors.Contains("idel", StringComparison.Ordinal), "the mistake is told");
        Assert.Contains("site.conf:2", _server.Errors, StringComparison.Ordinal);
        Assert.Contains("idle", _server.Errors, StringComparison.Ordinal);
        Assert.Equal("one", await _client.GetStringAsync("/"));

        Edit(Site("three"), "in place");
        await Eventually.HoldsAsync(async () => await _client.GetStringAsync("/") == "three", "the good edit is in force");
    }

    [SkippableFact]
    public async Task A_hangup_reads_the_file_again()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no SIGHUP");
        Edit(Site("two"), "in place");

        _server.Signal(ServerProcess.Hangup);

        await Eventually.HoldsAsync(async () => await _client.GetStringAsync("/") == "two", "the edit is in force");
        Assert.False(_server.HasExited);
    }

    private void Edit(string text, string way)
    {
        if (way == "in place")
        {
            File.WriteAllText(_file, text);
            return;
        }

        string aside = _folder.Write("site.conf.new", text);
        File.Move(aside, _file, overwrite: true);
    }

    private static string Site(string body) => $$"""actors443.sites."*" { routes = [ { path = "/*", respond { status = 200, type = "text/plain", body = "{{body}}" } } ] }""";
}
