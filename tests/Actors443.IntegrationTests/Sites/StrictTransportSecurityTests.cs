using System.Text.Json;
using Actors443.Server.Sites;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Sites;

/// <summary>What of HSTS is written for whom, by a site that answers for every host.</summary>
public sealed class StrictTransportSecurityTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _state = new();
    private SitesHost _host = null!;

    private string FilePath => Path.Combine(_state.Path, "hsts.json");

    public async Task InitializeAsync() =>
        _host = await SitesHost.StartAsync([new SiteSettings("*", [new RespondRoute("/*", 200, "text/plain", "any")])], stateDirectory: _state.Path);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose() => _state.Dispose();

    [Fact]
    public async Task Hosts_made_up_by_a_client_fill_neither_memory_nor_disk()
    {
        for (int i = 0; i < 100; i++)
            Assert.Contains("\r\nStrict-Transport-Security: max-age=300\r\n", await AskAsync($"host-{i}.example.com"), StringComparison.Ordinal);

        Assert.Equal(["*"], JsonSerializer.Deserialize<Dictionary<string, DateTimeOffset>>(await File.ReadAllTextAsync(FilePath))!.Keys);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    [InlineData("[2001:db8::a]")]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    [InlineData("app.localhost")]
    public async Task Addresses_and_this_machine_are_promised_nothing(string host)
    {
        Assert.DoesNotContain("Strict-Transport-Security", await AskAsync(host), StringComparison.OrdinalIgnoreCase);
        Assert.False(File.Exists(FilePath));
    }

    private async Task<string> AskAsync(string host)
    {
        string answer = await _host.SendRawAsync($"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", serverName: null);
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        return answer;
    }
}
